//! PATH in all its shapes, with files that are programs by their mode alone.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
};

use mirror_config::system::Environment;

use super::find::{find, mark};

fn program(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("in a folder")).expect("a folder");
    fs::write(path, text).expect("a file");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a mode");
}

/// `shim` (a link), `hard`, `copy`, `chain` and `named` are all this program; `real` and `venv` are not; `circle` is a
/// link to itself, `plain` is no program.
fn world() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let root = fs::canonicalize(dir.path()).expect("it exists");
    let own = root.join("own/pip-shim");
    program(&own, "the shim");
    for folder in ["shim", "hard", "chain", "circle", "plain", "named"] {
        fs::create_dir(root.join(folder)).expect("a folder");
    }
    symlink(&own, root.join("shim/pip")).expect("a link");
    symlink(root.join("shim/pip"), root.join("chain/pip")).expect("a link");
    symlink(root.join("circle/pip"), root.join("circle/pip")).expect("a link");
    fs::hard_link(&own, root.join("hard/pip")).expect("a link");
    program(&root.join("copy/pip"), "the shim");
    program(&root.join("older/pip-shim"), "an older shim");
    symlink(root.join("older/pip-shim"), root.join("named/pip")).expect("a link");
    program(&root.join("real/pip"), "real");
    program(&root.join("other/pip"), "another");
    program(&root.join("venv/bin/pip"), "of the environment");
    fs::write(root.join("plain/pip"), "no program").expect("a file");
    (dir, root)
}

#[test]
fn shim_never_finds_itself() {
    let (_dir, root) = world();
    for (path, venv, found) in [
        ("@shim:@real", "", Some("real/pip")),
        ("@shim:@hard:@copy:@chain:@named:@real", "", Some("real/pip")),
        ("@shim:@shim:@real:@shim", "", Some("real/pip")),
        ("@real:@shim:@other", "", Some("other/pip")),
        ("@real:@shim", "", Some("real/pip")),
        ("@circle:@plain:@shim:@missing:@real", "", Some("real/pip")),
        ("@shim", "", None),
        ("", "", None),
        (":.:real:@shim", "", None),
        (":@shim::@real:", "", Some("real/pip")),
        ("@shim:@real", "@venv", Some("venv/bin/pip")),
        ("@shim:@real:@venv/bin", "@venv", Some("real/pip")),
        ("@shim", "venv", None),
        ("@shim:@real", "@missing", Some("real/pip")),
    ] {
        let full = |text: &str| text.replace('@', &format!("{}/", root.display()));
        let env = Environment::of([("PATH", full(path)), ("VIRTUAL_ENV", full(venv))], root.join("real"));
        let pip = find(&env, "pip".as_ref(), &root.join("shim/pip"));
        assert_eq!(pip.ok(), found.map(|found| root.join(found)), "{path} {venv}");
    }
}

#[test]
fn a_wrapper_that_leads_back_is_not_chosen_twice() {
    let (_dir, root) = world();
    let path = format!("{0}/shim:{0}/real:{0}/other", root.display());
    let env = |tried: &str| Environment::of([("PATH", path.as_str()), ("MIRROR_PIP_TRIED", tried)], "/");
    let find = |tried: &str| find(&env(tried), "pip".as_ref(), &root.join("shim/pip")).ok();
    let mark = |tried: &str, pip: &str| mark(&env(tried), &root.join(pip)).into_string().expect("plain names");
    let once = mark("", "real/pip");
    assert_eq!(find(&once), Some(root.join("other/pip")));
    assert_eq!(find(&mark(&once, "other/pip")), None);
    assert_eq!(find(&format!("1:{}/real/pip", root.display())), Some(root.join("real/pip")), "another process's");
}
