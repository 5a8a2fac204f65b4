//! The most memory that git-remote-mirror takes during a clone, as Linux tells it in `/proc`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::git::Ground;
use crate::measure::Trial;

/// What the system calls the helper: names are cut off at 15 bytes.
const COMM: &str = "git-remote-mirr\n";

/// Peak resident memory of the helper in one clone, in MB; `None` where the system does not say.
pub(crate) fn peak(ground: &Ground) -> Option<Trial> {
    let home = ground.stage.sandbox.path("home");
    let mut process: Option<PathBuf> = None;
    let mut peak = None;
    let end = ground.watch_ours(|_| {
        process = process.take().or_else(|| find(&home));
        peak = process.as_deref().and_then(high_water).or(peak);
        false
    });
    match end.whole() {
        Ok(_) => peak.map(Ok),
        Err(why) => Some(Err(why)),
    }
}

/// The helper whose home is this sandbox's: others may be at work on this machine.
fn find(home: &Path) -> Option<PathBuf> {
    let home = format!("HOME={}\0", home.display());
    fs::read_dir("/proc").ok()?.flatten().map(|entry| entry.path()).find(|process| {
        fs::read(process.join("comm")).is_ok_and(|comm| comm == COMM.as_bytes())
            && fs::read(process.join("environ")).is_ok_and(|list| String::from_utf8_lossy(&list).contains(&home))
    })
}

fn high_water(process: &Path) -> Option<f64> {
    let status = fs::read_to_string(process.join("status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes * 1024.0 / 1e6)
}
