//! The histories of one call: those given, or else a made one, and made ones of particular shapes.

use std::path::PathBuf;

use mirror_tests::History;
use tempfile::TempDir;

use super::specimen::{Origin, Specimen};

/// Least size of a made pack, in MB, and a little more; and what it is called.
const BULK: u32 = 64;
pub(crate) const MADE: &str = "made";
/// A recipe for a history of so many MB.
pub(crate) type Recipe = fn(u32) -> History;
/// The shapes: what each is called, how it is made, and of how many MB.
pub(crate) const SHAPES: &[(&str, Recipe, u32)] = &[
    ("tagless", History::tagless, 39),
    ("pictures", History::pictures, 20),
    ("snapshot", History::snapshot, 30),
    ("tags", History::many_tags, 20),
    ("orphans", History::orphans, 20),
];

/// All histories, in a folder that goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Material {
    chosen: Vec<Specimen>,
    shapes: Vec<Specimen>,
    // The last field, for it is dropped last.
    _folder: TempDir,
}

impl Material {
    /// Those given, each under its name, or else a made one, which is also what has no path; served with bitmaps or without. Where `only` names some,
    /// there are no others.
    pub(crate) fn new(mut given: Vec<(String, Option<PathBuf>)>, bitmaps: bool, only: &[String]) -> Self {
        if given.is_empty() {
            given.push((MADE.to_owned(), None));
        }
        let folder = tempfile::Builder::new().prefix("mirror-").tempdir().expect("a temporary folder can be made");
        let specimen = |kind: &str, number: usize, name: &str, origin| {
            Specimen::new(name, origin, folder.path().join(format!("{kind}-{number}")), bitmaps)
        };
        let chosen = given.into_iter().enumerate();
        let chosen = chosen.map(|(number, (name, path))| {
            let origin = path.map_or_else(|| Origin::Made(History::lively(BULK)), Origin::Given);
            specimen("chosen", number, &name, origin)
        });
        let shapes = SHAPES.iter().enumerate();
        let shapes = shapes.map(|(number, (name, recipe, megabytes))| {
            specimen("shape", number, name, Origin::Made(recipe(*megabytes)))
        });
        let wanted = |specimen: &Specimen| only.is_empty() || only.contains(&specimen.name);
        Self { chosen: chosen.filter(wanted).collect(), shapes: shapes.filter(wanted).collect(), _folder: folder }
    }

    /// The histories that were given, or else the made one.
    pub(crate) fn chosen(&self) -> &[Specimen] {
        &self.chosen
    }

    /// The particular shapes.
    pub(crate) fn shapes(&self) -> &[Specimen] {
        &self.shapes
    }
}
