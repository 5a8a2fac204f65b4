//! Which Python runs a pip, and where that one's configuration is, by the script that starts it: pip's own launcher, or a
//! shim of pyenv's. Files are looked at, nothing is started.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

/// As much of a script as says who runs it.
const HEAD: u64 = 1024;

/// The possible values of `sys.prefix`, where pip looks for the configuration of one environment.
///
/// `pip` is the pip that will run, `chosen` the value of `--python`. A shim of pyenv chooses among its versions itself,
/// so all of them count.
pub fn prefixes(pip: &Path, chosen: Option<&Path>) -> Vec<PathBuf> {
    match chosen {
        Some(folder) if folder.is_dir() => return vec![folder.to_owned()],
        Some(python) => return of_python(python).into_iter().collect(),
        None => {}
    }
    let head = head(pip);
    if let Some(root) = pyenv_root(&head) {
        let versions = fs::read_dir(root.join("versions")).into_iter().flatten().flatten();
        return versions.map(|version| version.path()).collect();
    }
    let beside = || pip.parent().and_then(Path::parent).map(Path::to_owned);
    interpreter(&head).and_then(|python| of_python(&python)).or_else(beside).into_iter().collect()
}

/// The interpreters that may run a pip, the likeliest first.
pub fn interpreters(pip: &Path, chosen: Option<&Path>) -> Vec<PathBuf> {
    let of_chosen = chosen.map(|chosen| match chosen.is_dir() {
        true => chosen.join("bin/python"),
        false => chosen.to_owned(),
    });
    // Where pip is a link, as to a shim of pyenv's, its Python may be where that leads.
    let places = [Some(pip.to_owned()), fs::canonicalize(pip).ok()].into_iter().flatten();
    let beside = places.flat_map(|pip| ["python3", "python"].map(|name| pip.with_file_name(name)));
    let named = of_chosen.or_else(|| interpreter(&head(pip)));
    named.into_iter().chain(beside).filter(|python| python.is_absolute() && python.exists()).collect()
}

fn head(script: &Path) -> String {
    let mut bytes = Vec::new();
    // What cannot be read has no first line.
    let _ = fs::File::open(script).and_then(|file| file.take(HEAD).read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The root of the pyenv whose shim this is.
fn pyenv_root(head: &str) -> Option<PathBuf> {
    let root = head.lines().find_map(|line| line.trim().strip_prefix("export PYENV_ROOT="))?;
    Some(PathBuf::from(root.trim_matches(['"', '\''])))
}

/// The Python of a script's first line; in the second one where the path is too long for the first (pip's own launcher).
fn interpreter(head: &str) -> Option<PathBuf> {
    let mut lines = head.lines();
    let first = lines.next()?.strip_prefix("#!")?.trim();
    let program = first.split_whitespace().next()?;
    if program.ends_with("/sh") {
        let rest = lines.next()?.strip_prefix("'''exec' ")?;
        let path = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next()?,
            None => rest.split(' ').next()?,
        };
        return Some(PathBuf::from(path));
    }
    Some(PathBuf::from(program)).filter(|path| path.file_name().is_some_and(|name| name != "env"))
}

/// The folder above the one of the interpreter; links are followed unless it is a virtual environment's (PEP 405).
fn of_python(python: &Path) -> Option<PathBuf> {
    let above = |path: &Path| path.parent().and_then(Path::parent).map(Path::to_owned);
    let here = above(python)?;
    if here.join("pyvenv.cfg").exists() {
        return Some(here);
    }
    fs::canonicalize(python).ok().and_then(|real| above(&real)).or(Some(here))
}

#[cfg(test)]
mod tests {
    use super::prefixes;
    use std::{fs, path::Path};

    #[test]
    fn the_environment_of_a_pip_is_found_by_its_first_lines() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let root = fs::canonicalize(dir.path()).expect("it exists");
        for folder in ["v/bin", "long name/bin", "base/bin", "env/versions/3.1", "other/bin"] {
            fs::create_dir_all(root.join(folder)).expect("a folder");
        }
        fs::write(root.join("v/pyvenv.cfg"), "").expect("a file");
        fs::write(root.join("long name/pyvenv.cfg"), "").expect("a file");
        let at = |below: &str| root.join(below).display().to_string();
        for (text, prefix) in [
            (format!("#!{}\nimport sys", at("v/bin/python")), "v"),
            (format!("#!{} -E\n", at("base/bin/python3")), "base"),
            (format!("#!/bin/sh\n'''exec' \"{}\" \"$0\" \"$@\"\n' '''\n", at("long name/bin/python")), "long name"),
            (format!("#!/usr/bin/env bash\nset -e\nexport PYENV_ROOT=\"{}\"\n", at("env")), "env/versions/3.1"),
            ("#!/usr/bin/env python3\n".to_owned(), "other"),
            ("\u{7f}ELF".to_owned(), "other"),
        ] {
            let pip = root.join("other/bin/pip");
            fs::write(&pip, &text).expect("a file");
            assert_eq!(prefixes(&pip, None), [root.join(prefix)], "{text}");
        }
        assert_eq!(prefixes(Path::new("/x/pip"), Some(&root.join("v"))), [root.join("v")]);
        assert_eq!(prefixes(Path::new("/x/pip"), Some(&root.join("v/bin/python"))), [root.join("v")]);
    }
}
