//! A store as a repository with refs: so that git can serve it like any other, tags that come along included.

use std::{fs, io};

use mirror_config::model::{Ref, unspelled};
use tempfile::TempDir;

use super::repository::Store;

/// Makes a repository that has these refs and the store's objects. It goes away with its handle.
///
/// # Errors
///
/// Those of the file system.
pub fn view(store: &Store, refs: &[Ref]) -> io::Result<TempDir> {
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    fs::create_dir_all(path("objects/info"))?;
    fs::create_dir(path("refs"))?;
    fs::copy(store.path().join("config"), path("config"))?;
    // gitrepository-layout(5): further places to look for objects.
    let mut line = store.path().join("objects").into_os_string().into_encoded_bytes();
    line.push(b'\n');
    fs::write(path("objects/info/alternates"), line)?;
    fs::write(path("packed-refs"), packed(refs))?;
    fs::write(path("HEAD"), "ref: refs/heads/none\n")?;
    Ok(folder)
}

/// The lines of git-pack-refs(1).
fn packed(refs: &[Ref]) -> Vec<u8> {
    let mut text = b"# pack-refs with: peeled fully-peeled \n".to_vec();
    for found in refs.iter().filter(|found| found.name.starts_with("refs/")) {
        let Some(oid) = &found.oid else { continue };
        text.extend(unspelled(&format!("{oid} {}\n", found.name)));
        text.extend(found.peeled.as_ref().map(|oid| format!("^{oid}\n")).unwrap_or_default().into_bytes());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Ref, packed};

    #[test]
    fn refs_are_written_as_git_packs_them() {
        let (one, two) = ("7e1785e08e1fca2908ba6aefc65ce6b1adba7431", "0e1785e08e1fca2908ba6aefc65ce6b1adba7431");
        let lines = [
            format!("{one} HEAD symref-target:refs/heads/main"),
            format!("{one} refs/heads/main"),
            format!(r"{one} refs/heads/\xe9"),
            format!("{two} refs/tags/v1 peeled:{one}"),
            "unborn refs/heads/none".to_owned(),
        ];
        let refs: Vec<Ref> = lines.iter().map(|line| Ref::parse(line).expect("a ref")).collect();
        let expected = format!(
            "# pack-refs with: peeled fully-peeled \n{one} refs/heads/main\n{one} refs/heads/X\n{two} refs/tags/v1\n^{one}\n"
        );
        let expected = expected.bytes().map(|byte| if byte == b'X' { 0xe9 } else { byte });
        assert_eq!(packed(&refs), expected.collect::<Vec<u8>>());
    }
}
