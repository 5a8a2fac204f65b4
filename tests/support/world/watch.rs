//! Sees every process that a sandbox starts: its command line and its environment.
//!
//! Two ways, for one alone misses some: `/proc` is read again and again, which short lives escape, and the programs that
//! ours start have a wrapper on PATH that writes down how it was called. Linux only; elsewhere only the wrappers see.

use std::{
    collections::{BTreeMap, HashMap},
    ffi::{OsStr, OsString},
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use super::{process::search_path, processes::mark, sandbox::Sandbox};

/// How often a process is looked at before it counts as a stranger.
const LOOKS: u32 = 20;

/// How a process was started.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Started {
    /// Its command line, the program's name first.
    pub arguments: Vec<String>,
    /// Its environment.
    pub variables: BTreeMap<String, Vec<u8>>,
}

/// Watches a sandbox until it is asked what it saw.
#[derive(Debug)]
pub struct Watch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Started>>,
    notes: PathBuf,
}

impl Watch {
    /// Begins. Those of `programs` that are on PATH get a wrapper in the sandbox's `bin`.
    ///
    /// # Panics
    ///
    /// When the sandbox takes no files.
    pub fn start(sandbox: &Sandbox, programs: &[&str]) -> Self {
        let notes = sandbox.path("notes");
        let _ = fs::remove_dir_all(&notes);
        fs::create_dir_all(&notes).expect("the sandbox is ours");
        for program in programs {
            wrap(sandbox, program, &notes);
        }
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, mark) = (Arc::clone(&stop), mark(sandbox));
        let thread = thread::spawn(move || {
            let mut seen: BTreeMap<(OsString, Vec<String>), Started> = BTreeMap::new();
            // Of others, who are not looked at for ever: between fork and exec one of ours looks like its parent.
            let mut strangers: HashMap<OsString, u32> = HashMap::new();
            while !stopped.load(Ordering::Relaxed) {
                for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
                    let id = process.file_name();
                    if strangers.get(&id).is_some_and(|looks| *looks >= LOOKS) || !is_number(&id) {
                        continue;
                    }
                    let read = |file: &str| fs::read(process.path().join(file)).unwrap_or_default();
                    let environment = read("environ");
                    if environment.split(|byte| *byte == 0).any(|pair| pair == mark.as_bytes()) {
                        // One process may become another program.
                        let started = Started { arguments: words(&read("cmdline")), variables: pairs(&environment) };
                        seen.insert((id, started.arguments.clone()), started);
                    } else {
                        *strangers.entry(id).or_default() += 1;
                    }
                }
                thread::sleep(Duration::from_millis(5));
            }
            seen.into_values().collect()
        });
        Self { stop, thread, notes }
    }

    /// Ends, and tells of everyone that was seen.
    ///
    /// # Panics
    ///
    /// When the watcher itself did.
    pub fn seen(self) -> Vec<Started> {
        self.stop.store(true, Ordering::Relaxed);
        let mut seen = self.thread.join().expect("the watcher does not panic");
        for note in fs::read_dir(&self.notes).into_iter().flatten().flatten() {
            let read = |file: &str| fs::read(note.path().join(file)).unwrap_or_default();
            seen.push(Started { arguments: words(&read("arguments")), variables: pairs(&read("variables")) });
        }
        seen
    }
}

fn wrap(sandbox: &Sandbox, program: &str, notes: &Path) {
    let machine = search_path();
    let Some(real) = std::env::split_paths(&machine).map(|folder| folder.join(program)).find(|file| file.is_file())
    else {
        return;
    };
    let text = format!(
        "#!/bin/sh\nnote=$(mktemp -d '{}/XXXXXXXX')\n\
         {{ printf '%s\\0' {program}; for word in \"$@\"; do printf '%s\\0' \"$word\"; done; }} >\"$note/arguments\"\n\
         env -0 >\"$note/variables\"\nexec '{}' \"$@\"\n",
        notes.display(),
        real.display()
    );
    let file = sandbox.path("bin").join(program);
    fs::write(&file, text).expect("the sandbox is ours");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("the file is ours");
}

fn is_number(name: &OsStr) -> bool {
    name.as_encoded_bytes().iter().all(u8::is_ascii_digit)
}

fn words(bytes: &[u8]) -> Vec<String> {
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    bytes.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

fn pairs(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let pair = |pair: &[u8]| {
        let at = pair.iter().position(|byte| *byte == b'=')?;
        Some((String::from_utf8_lossy(&pair[..at]).into_owned(), pair[at + 1..].to_vec()))
    };
    bytes.split(|byte| *byte == 0).filter_map(pair).collect()
}
