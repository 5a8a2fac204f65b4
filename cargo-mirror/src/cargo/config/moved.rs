//! A configuration file read from another place: what it says of paths stays true. Lossy, for our own eyes and cargo's.

use std::path::Path;

use toml_edit::{DocumentMut, Item, TableLike, Value};

use super::text::{Wrong, line_at};

/// Keys whose values are paths (The Cargo Book, "Configuration": "ConfigRelativePath"), `*` for any name. Programs among
/// them are paths where they have a slash.
const PATHS: &[&str] = &[
    "build.rustc",
    "build.rustc-wrapper",
    "build.rustc-workspace-wrapper",
    "build.rustdoc",
    "build.target-dir",
    "build.build-dir",
    "doc.browser",
    "http.cainfo",
    "http.proxy-cainfo",
    "install.root",
    "paths",
    "registry.credential-provider",
    "source.*.directory",
    "source.*.local-registry",
    "target.*.linker",
    "target.*.runner",
];

/// The text with paths as they are below `base`, to which they are relative where the text comes from. What it includes is
/// left out: only a cargo that includes nothing needs this.
pub(crate) fn moved(body: &str, base: &Path) -> Result<String, Wrong> {
    let mut document: DocumentMut = body.parse().map_err(|error: toml_edit::TomlError| Wrong {
        line: line_at(&body.as_bytes()[..error.span().map_or(0, |span| span.start.min(body.len()))]),
        what: format!("this is not TOML: {}", error.message().lines().next().unwrap_or_default()),
    })?;
    document.remove("include");
    for key in PATHS {
        let path: Vec<&str> = key.split('.').collect();
        rewrite(document.as_table_mut(), &path, base);
    }
    if let Some(variables) = document.get_mut("env").and_then(Item::as_table_like_mut) {
        for (_, variable) in variables.iter_mut() {
            let Some(variable) = variable.as_table_like_mut() else { continue };
            if variable.get("relative").and_then(Item::as_bool) == Some(true) {
                rewrite(variable, &["value"], base);
            }
        }
    }
    Ok(document.to_string())
}

fn rewrite(table: &mut dyn TableLike, path: &[&str], base: &Path) {
    let Some((name, rest)) = path.split_first() else { return };
    for (key, item) in table.iter_mut().filter(|(key, _)| *name == "*" || *name == key.get()) {
        let is_path = |text: &str| rest.is_empty() && Path::new(text).is_relative() && is_named(&key, text);
        match item {
            Item::Value(Value::Array(list)) if rest.is_empty() => {
                // A program with its arguments, or paths.
                let all = key.get() == "paths";
                for value in list.iter_mut().take(if all { usize::MAX } else { 1 }) {
                    if let Some(text) = value.as_str().filter(|text| is_path(text)) {
                        *value = joined(base, text);
                    }
                }
            }
            Item::Value(value) if value.as_str().is_some_and(is_path) => {
                let text = value.as_str().unwrap_or_default().to_owned();
                *value = joined(base, &text);
            }
            item => {
                if let Some(below) = item.as_table_like_mut() {
                    rewrite(below, rest, base);
                }
            }
        }
    }
}

/// Whether a text names a path and not a program that is looked for on PATH.
fn is_named(key: &str, text: &str) -> bool {
    let program = ["rustc", "rustc-wrapper", "rustc-workspace-wrapper", "rustdoc", "browser", "linker", "runner"];
    let provider = key == "credential-provider";
    !(program.contains(&key) || provider) || (text.contains(['/', '\\']) && !text.starts_with("cargo:"))
}

fn joined(base: &Path, text: &str) -> Value {
    Value::from(base.join(text).to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::moved;

    #[test]
    fn paths_stay_true_and_all_else_is_as_it_was() {
        for (before, after) in [
            ("[build]\ntarget-dir = \"t\"\njobs = 2\n", "[build]\ntarget-dir = \"/h/t\"\njobs = 2\n"),
            ("[build]\nrustc-wrapper = \"sccache\"\n", "[build]\nrustc-wrapper = \"sccache\"\n"),
            ("[build]\nrustc-wrapper = \"bin/sccache\"\n", "[build]\nrustc-wrapper = \"/h/bin/sccache\"\n"),
            ("[source.v]\ndirectory = \"v/w\"\n", "[source.v]\ndirectory = \"/h/v/w\"\n"),
            ("[http]\ncainfo = \"/etc/ca.pem\"\n", "[http]\ncainfo = \"/etc/ca.pem\"\n"),
            ("paths = [\"a\", \"/b\"]\n", "paths = [\"/h/a\", \"/b\"]\n"),
            (
                "[target.x]\nrunner = [\"tools/run\", \"-v/x\"]\nrustflags = [\"-C\", \"a/b\"]\n",
                "[target.x]\nrunner = [\"/h/tools/run\", \"-v/x\"]\nrustflags = [\"-C\", \"a/b\"]\n",
            ),
            (
                "[env]\nA = { value = \"a\", relative = true }\nB = \"b\"\n",
                "[env]\nA = { value = \"/h/a\", relative = true }\nB = \"b\"\n",
            ),
            ("include = [\"x.toml\"]\n[net]\nretry = 1\n", "[net]\nretry = 1\n"),
        ] {
            let found = moved(before, Path::new("/h")).expect("TOML").replace("= [ ", "= [").replace(",\"", ", \"");
            let squeezed = |text: &str| text.split_whitespace().collect::<String>();
            assert_eq!(squeezed(&found), squeezed(after), "{before}");
        }
        assert_eq!(moved("a = \n", Path::new("/h")).expect_err("no value").line, 1);
    }
}
