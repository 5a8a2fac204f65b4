//! How cargo goes out by its own configuration: `http.proxy`, `http.cainfo`, and git's proxy (the Cargo Book, "http.proxy").

use std::path::{Path, PathBuf};

use mirror_config::{
    system::Environment,
    transport::{self, Outward, Route},
};

use super::{
    program::{self, AskedVersion},
    setup::Levels,
};
use crate::git;

/// How the cargo of these surroundings goes out, which has been asked what it is. What cannot be read says nothing; cargo will
/// complain about it.
pub(crate) fn outward(env: &Environment, asked: AskedVersion) -> Outward {
    let levels = Levels::read(env, true).unwrap_or_default();
    let (way, authorities) = (way(env, &levels), authorities(env, &levels));
    Outward { agent: asked.agent(), way, authorities }
}

/// The same with nothing asked yet.
pub(crate) fn of_program(env: &Environment) -> Outward {
    outward(env, AskedVersion::of(&program::program(env)))
}

/// The proxy that is named, in cargo's order; curl's exceptions count for all of them, and an empty one is none.
fn way(env: &Environment, levels: &Levels) -> Option<(Route, bool)> {
    let own = env.var("CARGO_HTTP_PROXY").or_else(|| levels.value("http.proxy").map(|found| found.text.as_str()));
    let named = own.map(str::to_owned).or_else(|| of_git(env));
    named.map(|text| (transport::proxy(&text).map_or(Route::Direct, Route::Through), true))
}

/// That of git's configuration, of the user and the system: cargo's own git reads no repository for it.
fn of_git(env: &Environment) -> Option<String> {
    let rules = git::config::in_force("^http\\.proxy$", env.cwd()).ok()?;
    let found = rules.into_iter().rfind(|rule| matches!(rule.scope.as_str(), "system" | "global"))?;
    Some(found.entry.value).filter(|value| !value.is_empty())
}

fn authorities(env: &Environment, levels: &Levels) -> Vec<PathBuf> {
    let file = |key: &str, variable: &str| {
        let told = env.var_os(variable).map(|file| env.cwd().join(file));
        told.or_else(|| {
            let found = levels.value(key)?;
            // Relative to the folder above the one of the configuration.
            let base = found.file.parent().and_then(Path::parent).unwrap_or(Path::new(""));
            Some(base.join(&found.text))
        })
    };
    let files = [("http.cainfo", "CARGO_HTTP_CAINFO"), ("http.proxy-cainfo", "CARGO_HTTP_PROXY_CAINFO")];
    files.iter().filter_map(|(key, variable)| file(key, variable)).collect()
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use mirror_config::{system::Environment, transport::Route};

    use super::{AskedVersion, outward};

    #[test]
    fn cargo_goes_where_it_is_told_to() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let home = root.path().join("home/.cargo");
        fs::create_dir_all(&home).expect("our folder");
        let through = |url: &str| Some((Route::Through(url.parse().expect("an address")), true));
        for (text, variables, way, authority) in [
            ("[http]\nproxy = 'h.example:1'\n", &[][..], through("http://h.example:1"), None),
            (
                "[http]\nproxy = 'h.example:1'\n",
                &[("CARGO_HTTP_PROXY", "socks5h://v.example:2")],
                through("socks5h://v.example:2"),
                None,
            ),
            ("[http]\nproxy = ''\n", &[], Some((Route::Direct, true)), None),
            ("[http]\ncainfo = 'ca.pem'\n", &[], None, Some("home/ca.pem")),
            ("[http]\ncainfo = 'ca.pem'\n", &[("CARGO_HTTP_CAINFO", "own.pem")], None, Some("own.pem")),
        ] {
            fs::write(home.join("config.toml"), text).expect("our folder");
            let own =
                [("HOME", root.path().join("home").into_os_string()), ("CARGO_HOME", home.clone().into_os_string())];
            let told = variables.iter().map(|(name, value)| (*name, (*value).into()));
            let env = Environment::of(own.into_iter().chain(told), root.path());
            let found = outward(&env, AskedVersion::of(Path::new("/nowhere")));
            let authority = authority.map(|file| root.path().join(file));
            // Where nothing of cargo's own says so git's counts, which is this machine's here.
            if way.is_some() {
                assert_eq!(found.way, way, "{text}");
            }
            assert_eq!(found.authorities.first(), authority.as_ref(), "{text}");
        }
    }
}
