//! Made packages, small ones: crates that cargo unpacks, wheels that pip installs.

use crate::web::{archive, sha256};

/// A file of a package's version, and what is to be said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Made {
    pub(crate) project: String,
    pub(crate) version: String,
    /// What it needs: a name, and a requirement in the words of its tool.
    pub(crate) needs: Vec<(String, String)>,
    pub(crate) bytes: Vec<u8>,
}

impl Made {
    /// `NAME VERSION`.
    pub(crate) fn title(&self) -> String {
        format!("{} {}", self.project, self.version)
    }

    pub(crate) fn sha256(&self) -> String {
        sha256(&self.bytes)
    }
}

/// `NAME VERSION`, taken apart.
pub(crate) fn split(title: &str) -> (&str, &str) {
    title.split_once(' ').unwrap_or((title, ""))
}

/// A text of the user's, with true hashes where it says `{sha256 NAME VERSION}`.
pub(crate) fn with_hashes(text: &str, hash: impl Fn(&str) -> Option<String>) -> String {
    let mut pieces = text.split("{sha256 ");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| {
        let (title, rest) = piece.split_once('}').unwrap_or((piece, ""));
        text + &hash(title).unwrap_or_default() + rest
    })
}

/// A crate with this text in it.
pub(crate) fn krate(title: &str, needs: &[(&str, &str)], text: &str) -> Made {
    let (project, version) = split(title);
    let lines: String = needs.iter().map(|(name, version)| format!("{name} = \"{version}\"\n")).collect();
    let manifest = format!(
        "[package]\nname = \"{project}\"\nversion = \"{version}\"\nedition = \"2021\"\n\n[dependencies]\n{lines}"
    );
    let root = format!("{project}-{version}");
    let bytes = archive::tar_gz(&[
        (format!("{root}/Cargo.toml"), manifest.into_bytes()),
        (format!("{root}/src/lib.rs"), format!("// {text}").into_bytes()),
    ]);
    made(project, version, needs, bytes)
}

/// A wheel with this text in its one module.
pub(crate) fn wheel(title: &str, needs: &[(&str, &str)], text: &str) -> Made {
    let (project, version) = split(title);
    let info = format!("{project}-{version}.dist-info");
    let kind = "Wheel-Version: 1.0\nGenerator: made\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
    let mut files = vec![
        (format!("{project}/__init__.py"), format!("# {text}").into_bytes()),
        (format!("{info}/METADATA"), metadata(title, needs).into_bytes()),
        (format!("{info}/WHEEL"), kind.as_bytes().to_vec()),
    ];
    let record: String = files.iter().map(|(path, _)| format!("{path},,\n")).collect();
    files.push((format!("{info}/RECORD"), format!("{record}{info}/RECORD,,\n").into_bytes()));
    made(project, version, needs, archive::zip(&files))
}

/// What a wheel says of itself.
pub(crate) fn metadata(title: &str, needs: &[(&str, &str)]) -> String {
    let (project, version) = split(title);
    let needs: String = needs.iter().map(|(name, version)| format!("Requires-Dist: {name}{version}\n")).collect();
    format!("Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n{needs}")
}

fn made(project: &str, version: &str, needs: &[(&str, &str)], bytes: Vec<u8>) -> Made {
    let needs = needs.iter().map(|(name, version)| ((*name).to_owned(), (*version).to_owned())).collect();
    Made { project: project.to_owned(), version: version.to_owned(), needs, bytes }
}
