//! Which list of mirrors is in force, and what an update brought, as text and as JSON.

use mirror_config::{config::InForce, errors::Failure, system::day};
use serde::Serialize;

use super::print::{line, print_json, warn};

/// What `catalog` shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CatalogReport {
    /// The signed list in force; null where it is the built-in one alone.
    pub list: Option<InForce>,
    /// Why a list that was taken is not in force.
    pub note: Option<String>,
    /// How many mirrors are enabled in all.
    pub mirrors: usize,
    /// Whose signatures count.
    pub keys: Vec<String>,
    /// How many of them have to sign.
    pub threshold: usize,
}

/// What `catalog update` did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UpdateReport {
    /// The version of the list that was fetched.
    pub version: u64,
    /// The version that was there before.
    pub before: Option<u64>,
    /// From when on it does not count, in seconds since 1970.
    pub expires: u64,
    /// How many mirrors it names.
    pub mirrors: usize,
    /// Whose signatures it has.
    pub signers: Vec<String>,
    /// Whether it was taken.
    pub taken: bool,
    /// Whether it was there already.
    pub same: bool,
}

/// Shows which list is in force.
///
/// # Errors
///
/// As [`super::print::print()`].
pub fn catalog(report: &CatalogReport, json: bool) -> Result<(), Failure> {
    if json {
        return print_json(report);
    }
    match &report.list {
        None => line("the built-in list is in force")?,
        Some(list) => {
            line(&format!("version {} of {} is in force, above the built-in list", list.version, list.source))?;
            line(&format!(
                "  taken {}, expires {}, {} mirrors",
                day(list.taken),
                day(list.expires.saturating_sub(1)),
                list.mirrors
            ))?;
            list.signers.iter().try_for_each(|who| line(&format!("  signed by {who}")))?;
        }
    }
    line(&format!("{} mirrors in all", report.mirrors))?;
    match report.keys.len() {
        0 => line("no `signatures.keys`: no list can be taken")?,
        count => {
            line(&format!("{} of {count} keys must sign a list:", report.threshold))?;
            report.keys.iter().try_for_each(|key| line(&format!("  {key}")))?;
        }
    }
    report.note.iter().for_each(|note| warn(note));
    Ok(())
}

/// Shows what an update did.
///
/// # Errors
///
/// As [`super::print::print()`].
pub fn list_update(report: &UpdateReport, json: bool) -> Result<(), Failure> {
    if json {
        return print_json(report);
    }
    let did = match (report.same, report.taken) {
        (true, _) => "is in force already",
        (false, true) => "is in force now",
        (false, false) => "would be taken",
    };
    let before = report.before.filter(|_| !report.same).map(|before| format!(", after version {before}"));
    line(&format!("version {} {did}{}", report.version, before.unwrap_or_default()))?;
    line(&format!("  expires {}, {} mirrors", day(report.expires.saturating_sub(1)), report.mirrors))?;
    report.signers.iter().try_for_each(|who| line(&format!("  signed by {who}")))
}
