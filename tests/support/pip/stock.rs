//! Real wheels and source archives, as the machine's own pip downloads them from its own index, once for each target folder.
//!
//! Which index that is stays pip's matter: no address stands here.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use crate::{web::sha256, world::programs};

/// What is downloaded: arguments of `pip download`. `requests` comes with what it needs; `numpy` has more than 15 MB.
const DOWNLOADS: &[&[&str]] =
    &[&["--only-binary", ":all:", "requests", "numpy"], &["--no-deps", "--no-binary", ":all:", "idna"]];

/// Writes what a file says of itself beside it: the METADATA of a wheel, the PKG-INFO of a source archive.
const METADATA: &str = "\
import pathlib, sys, tarfile, zipfile
for path in pathlib.Path(sys.argv[1]).iterdir():
    if path.name.endswith('.whl'):
        archive = zipfile.ZipFile(path)
        name = next(n for n in archive.namelist() if n.endswith('.dist-info/METADATA') and n.count('/') == 1)
        data = archive.read(name)
    elif path.name.endswith('.tar.gz'):
        archive = tarfile.open(path)
        name = next(n for n in archive.getnames() if n.endswith('/PKG-INFO') and n.count('/') == 1)
        data = archive.extractfile(name).read()
    else:
        continue
    (path.parent / (path.name + '.metadata')).write_bytes(data)
";

/// A wheel or source archive in stock.
#[derive(Debug, Clone)]
pub struct StockFile {
    /// Its file name.
    pub name: String,
    /// Its project, normalized as PEP 503 says.
    pub project: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of the file, in hexadecimal.
    pub checksum: String,
    /// Which versions of Python it is for, if it says so.
    pub requires_python: Option<String>,
    /// What it says of itself: core metadata.
    pub metadata: String,
    path: PathBuf,
}

impl StockFile {
    /// Its bytes.
    ///
    /// # Panics
    ///
    /// When the target folder was cleaned meanwhile.
    pub fn bytes(&self) -> Vec<u8> {
        fs::read(&self.path).unwrap_or_else(|error| panic!("{} was there: {error}", self.path.display()))
    }

    /// Whether it is a wheel; else it is a source archive.
    pub fn is_wheel(&self) -> bool {
        self.name.ends_with(".whl")
    }
}

/// `requests` with what it needs, `numpy`, and the source of `idna`.
#[derive(Debug, Clone)]
pub struct WheelStock {
    files: Vec<StockFile>,
}

impl WheelStock {
    /// The files in the target folder; those that have yet to be downloaded are.
    ///
    /// # Panics
    ///
    /// When there is no python with a pip that can download.
    pub fn downloaded() -> Self {
        let programs = programs();
        let folder = programs.parent().expect("programs are built into a target folder").join("tmp/wheels");
        fs::create_dir_all(folder.parent().expect("it is below the target folder")).expect("the target folder is ours");
        let lock = File::create(folder.with_extension("lock")).expect("the target folder is ours");
        lock.lock().expect("a file of ours can be locked");
        if !folder.is_dir() {
            download(&folder);
        }
        let entries = fs::read_dir(&folder).expect("it was just downloaded").flatten().map(|entry| entry.path());
        let mut files: Vec<StockFile> = entries.filter_map(|path| read(&path)).collect();
        files.sort_by(|one, other| one.name.cmp(&other.name));
        Self { files }
    }

    /// The files, by name.
    pub fn files(&self) -> &[StockFile] {
        &self.files
    }

    /// The wheel of a project.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub fn wheel(&self, project: &str) -> &StockFile {
        let wheel = self.files.iter().find(|file| file.project == project && file.is_wheel());
        wheel.unwrap_or_else(|| panic!("{project} is not in stock"))
    }
}

/// A project's name as an index has it: PEP 503.
pub(crate) fn normalized(name: &str) -> String {
    let words = name.split(['-', '_', '.']).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

fn download(folder: &Path) {
    let parent = folder.parent().expect("it is below the target folder");
    let unfinished = tempfile::tempdir_in(parent).expect("the target folder is ours");
    for arguments in DOWNLOADS {
        python(
            Command::new("python3").args(["-m", "pip", "download", "-q", "-d"]).arg(unfinished.path()).args(*arguments),
        );
    }
    python(Command::new("python3").args(["-c", METADATA]).arg(unfinished.path()));
    // Whole or not at all: whoever finds the folder takes it for complete.
    fs::rename(unfinished.keep(), folder).expect("both are in the target folder");
}

fn python(command: &mut Command) {
    let output = command.output().expect("there is a python3");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn read(path: &Path) -> Option<StockFile> {
    let name = path.file_name()?.to_str()?.to_owned();
    let metadata = fs::read_to_string(path.with_file_name(format!("{name}.metadata"))).ok()?;
    let field = |field: &str| {
        let head = metadata.lines().take_while(|line| !line.is_empty());
        head.filter_map(|line| line.strip_prefix(field)?.strip_prefix(": ")).next().map(str::to_owned)
    };
    let checksum = sha256(&fs::read(path).ok()?);
    let (project, version, requires_python) =
        (normalized(&field("Name")?), field("Version")?, field("Requires-Python"));
    Some(StockFile { name, project, version, checksum, requires_python, metadata, path: path.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::normalized;

    #[test]
    fn names_are_normalized_as_pep_503_says() {
        for (name, expected) in [("Friendly-Bard", "friendly-bard"), ("FRIENDLY._.bard", "friendly-bard"), ("a", "a")] {
            assert_eq!(normalized(name), expected);
        }
    }
}
