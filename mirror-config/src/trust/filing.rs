//! Where the page of a repository is filed: a path that no other repository has, on whatever file system. Pure.
//!
//! `UPSTREAM/OWNER/NAME.json`; a group within a group is a folder that ends in `%`, and a name of one part lies in the folder
//! `%`. Lower-case letters, digits, `_`, `.` and `-` are themselves, all else is `%` and two digits: so a file system that folds
//! case joins nothing, and none normalizes anything. What is too long for one file's name goes on in the next.

use std::path::{Component, Path, PathBuf};

use crate::model::{Repo, Repository, is_part, percent_decoded};

/// How the file of a page ends.
const ENDING: &str = ".json";
/// Ends a folder's name, which no file's does.
const FOLDER: &str = "%";
/// Ends a folder whose name goes on below it.
const GOES_ON: &str = "%~";
/// Bytes of a part that stand in one name; file systems take 255.
const LONGEST: usize = 200;

/// The path of a repository's page below the ledger's folder.
pub(super) fn path_of(repository: &Repository) -> PathBuf {
    let (mut path, key) = (PathBuf::from(encoded(&repository.upstream)), repository.repo.key());
    let parts: Vec<String> = key.split('/').map(encoded).collect();
    if parts.len() == 1 {
        path.push(FOLDER);
    }
    for (at, part) in parts.iter().enumerate() {
        let mut pieces = pieces(part);
        let last = pieces.pop().unwrap_or_default();
        pieces.iter().for_each(|piece| path.push(format!("{piece}{GOES_ON}")));
        path.push(match at {
            _ if at + 1 == parts.len() => format!("{last}{ENDING}"),
            0 => last.to_owned(),
            _ => format!("{last}{FOLDER}"),
        });
    }
    path
}

/// The repository whose page lies there; `None` for any other file.
pub(super) fn repository_at(path: &Path) -> Option<Repository> {
    let text = |component: Component<'_>| Some(component.as_os_str().to_str()?.to_owned());
    let names = path.components().map(text).collect::<Option<Vec<String>>>()?;
    let (upstream, folders) = names.split_first()?;
    let (file, folders) = folders.split_last()?;
    let mut key = String::new();
    for folder in folders {
        match folder.strip_suffix(GOES_ON) {
            Some(piece) => key += piece,
            None if folder == FOLDER => {}
            None => key += &format!("{}/", folder.strip_suffix(FOLDER).unwrap_or(folder)),
        }
    }
    key += file.strip_suffix(ENDING)?;
    let (upstream, repo) = (percent_decoded(upstream)?, percent_decoded(&key)?.parse::<Repo>().ok()?);
    let found = Repository { upstream, repo };
    (is_part(&found.upstream) && path_of(&found) == path).then_some(found)
}

fn encoded(part: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.-".contains(&byte);
    // Some file systems drop a dot at the end of a name.
    let ends = |at: usize| at + 1 == part.len();
    let bytes = part.bytes().enumerate();
    bytes.fold(String::new(), |mut name, (at, byte)| {
        match plain(byte) && !(byte == b'.' && ends(at)) {
            true => name.push(char::from(byte)),
            false => name += &format!("%{byte:02x}"),
        }
        name
    })
}

/// The name in pieces, none of which ends within a byte's digits; one at least.
fn pieces(name: &str) -> Vec<&str> {
    let (mut pieces, mut rest) = (Vec::new(), name);
    while rest.len() > LONGEST {
        let cut = rest[..LONGEST].rfind('%').filter(|at| at + 3 > LONGEST).unwrap_or(LONGEST);
        let (piece, behind) = rest.split_at(cut);
        pieces.push(piece);
        rest = behind;
    }
    pieces.push(rest);
    pieces
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::Path};

    use super::{path_of, repository_at};
    use crate::model::Repository;

    fn repository(upstream: &str, name: &str) -> Repository {
        Repository { upstream: upstream.to_owned(), repo: name.parse().expect("a name") }
    }

    #[test]
    fn no_two_names_are_filed_at_one_place_nor_one_where_the_folder_of_another_is() {
        let long = "x".repeat(255);
        let names = [
            "a/b",
            "A/b",
            "a/B",
            "a",
            "A",
            "a/b/c",
            "a/b.json/c",
            "a/b.lock/c",
            "a/b.json",
            "a.json/b",
            "a.json",
            "a/b.json.json",
            "a/~b",
            "组/项目",
            "组",
            "~user/tool",
            "openglm/.github",
            "openglm/github",
            ".dotfiles",
            "my org/tool",
            "my_org/tool",
            "a/b.",
            "a/b./c",
            "a/b c",
            &format!("{long}/b"),
            &format!("{}/{}", &long[..200], &long[..55]),
            &format!("a/{long}"),
            &format!("a/{}", "项".repeat(85)),
            &format!("{long}/{long}/{long}"),
        ];
        let mut places = BTreeSet::new();
        for name in names {
            for upstream in ["github", "GitHub"] {
                let repository = repository(upstream, name);
                let path = path_of(&repository);
                assert_eq!(repository_at(&path), Some(repository), "{}", path.display());
                let text = path.to_str().expect("plain characters").to_owned();
                assert_eq!(text.to_ascii_lowercase(), text, "nothing to fold");
                assert!(text.split('/').all(|part| part.len() < 240 && !part.ends_with('.')), "{text}");
                places.insert(text.clone());
                places.insert(path.with_extension("lock").to_str().expect("plain characters").to_owned());
            }
        }
        assert_eq!(places.len(), 4 * names.len(), "each page, and each lock beside it, at a place of its own");
        for place in &places {
            assert!(
                !places.iter().any(|other| Path::new(other).parent() == Some(Path::new(place))),
                "{place} is a folder"
            );
        }
    }

    #[test]
    fn what_was_filed_before_is_found_where_it_is() {
        for (name, path) in
            [("openglm/Open-AutoGLM", "github/openglm/open-autoglm.json"), ("a/b.c_d", "github/a/b.c_d.json")]
        {
            let repository = repository("github", name);
            let folded = Repository { repo: repository.repo.clone().in_any_case(), ..repository };
            assert_eq!(path_of(&folded), Path::new(path));
        }
        for path in [
            "github/a/b.lock",
            "github/a/.tmpx",
            "github/a/B.json",
            "github/a/c/b.json",
            "github/b.json",
            "x/../y/b.json",
        ] {
            assert_eq!(repository_at(Path::new(path)), None, "{path}");
        }
    }
}
