//! A signed list of mirrors, which came after the program: what it may say, and whether it counts now.
//!
//! It stands just above the built-in catalog, and may name operators and places, nothing that loosens anything. How it
//! gets here is `select::list_update`'s matter.

use std::{path::PathBuf, time::UNIX_EPOCH};

use config::ValueKind;
use serde::{Deserialize, Serialize};
use toml_edit::{Datetime, Item, Offset, Time};

use super::{
    layer::{Entry, Layer},
    merge::merge,
    origin::{BUILT_IN, CATALOG, DEFAULTS},
    settings::Config,
    standing::{InForce, ListState},
};
use crate::{
    errors::{Failure, Kind},
    model::{Address, is_loopback},
    system::{Environment, state},
    trust::{Policy, signature},
};

/// The file of the state folder with the list that was taken.
const FILE: &str = "catalog.json";
/// What a list may say of a mirror.
const ALLOWED: &[&str] = &["operator", "relays", "weight", "announced", "git", "cargo", "pypi", "rustup"];
/// What makes a mirror the user's own: then a list says nothing about it, lest a place of its choice be trusted.
const OWN: &[&str] = &["trusted", "insecure", "proxy"];

/// A list that was read, but for its signatures.
#[derive(Debug, Clone)]
pub struct SignedList {
    /// Grows with every list.
    pub version: u64,
    /// From when on it does not count, in seconds since 1970.
    pub expires: u64,
    /// How many mirrors it names.
    pub mirrors: usize,
    layer: Layer,
}

/// A list with its signatures, as it is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// The list as it was signed.
    pub text: String,
    /// Its signatures.
    pub signatures: Vec<String>,
    /// Where it came from.
    pub source: String,
    /// When it was taken, in seconds since 1970.
    pub taken: u64,
}

/// Where the list that was taken is kept.
pub fn path(env: &Environment) -> Option<PathBuf> {
    state::file(env.state_dir().as_deref(), FILE)
}

/// The list that was taken, if there is one.
pub(super) fn stored(env: &Environment) -> Option<Stored> {
    let path = path(env)?;
    path.exists().then(|| state::read(&path))
}

impl SignedList {
    /// Reads a list; `source` is how messages name it.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`] for what a list may not say, and for a header that is not whole; [`Kind::Transport`] for an
    /// address that is not https.
    pub fn read(text: &str, source: &str) -> Result<Self, Failure> {
        let (mut version, mut expires) = (None, None);
        let header = |name: &str, item: &Item| {
            match name {
                "version" => version = item.as_integer().and_then(|number| u64::try_from(number).ok()),
                "expires" => expires = item.as_datetime().and_then(end_of),
                _ => return false,
            }
            true
        };
        let layer = Layer::below_header(text, source, true, header)?;
        let lacks = |key: &str, what: &str| Failure::new(Kind::Config, format!("{source}: `{key}` must be {what}"));
        let version = version.filter(|version| *version > 0).ok_or_else(|| lacks("version", "a number above zero"))?;
        let expires = expires.ok_or_else(|| lacks("expires", "a date such as 2027-01-31, without quotes"))?;
        for entry in &layer.0 {
            allowed(entry)?;
        }
        let mut names: Vec<&String> = layer.0.iter().map(|entry| &entry.path[1]).collect();
        names.dedup();
        let list = Self { version, expires, mirrors: names.len(), layer };
        // What is wrong with it must be said now, and not by every command later on.
        let base = [Layer::from_toml(CATALOG, BUILT_IN, false)?, list.layer.clone()];
        let base = [&base[..], &[Layer::from_toml(DEFAULTS, BUILT_IN, false)?]].concat();
        Config::from_merged(&merge(&base)?, Vec::new(), ListState::default())?;
        Ok(list)
    }
}

impl Stored {
    /// Checks the signatures, then reads it.
    ///
    /// # Errors
    ///
    /// [`Kind::Signature`], and those of [`SignedList::read`].
    pub fn check(&self, policy: &Policy) -> Result<(SignedList, Vec<String>), Failure> {
        let placed = |failure: Failure| Failure { what: format!("{}: {}", self.source, failure.what), ..failure };
        let signers = signature::check(self.text.as_bytes(), &self.signatures, policy).map_err(placed)?;
        Ok((SignedList::read(&self.text, &self.source)?, signers))
    }

    /// What it says, if it counts: its signatures do, its time is not over, and it fits between the layers.
    pub(super) fn stand(self, policy: &Policy, base: &[Layer], above: &[&Layer]) -> (ListState, Layer) {
        let without = |note: String| (ListState { list: None, note: Some(note) }, Layer::default());
        if self == Self::default() {
            return without("the mirror list that was taken is damaged; the built-in one is used".to_owned());
        }
        let (list, signers) = match self.check(policy) {
            Ok(checked) => checked,
            Err(failure) => return without(format!("{}; the built-in list is used", failure.what)),
        };
        if list.expires <= state::now() {
            let (version, source) = (list.version, &self.source);
            return without(format!(
                "mirror list version {version} has expired; the built-in one is used: `cargo mirror catalog update {source}`"
            ));
        }
        let mut layer = list.layer;
        let own: Vec<&str> = above
            .iter()
            .flat_map(|layer| &layer.0)
            .filter(|entry| matches!(entry.parts()[..], ["mirrors", _, key] if OWN.contains(&key)))
            .map(|entry| entry.path[1].as_str())
            .collect();
        layer.0.retain(|entry| !own.contains(&entry.path[1].as_str()));
        for entry in &mut layer.0 {
            entry.origin = format!("mirror list version {}", list.version);
        }
        // A configuration may lack an upstream, or read otherwise than the one it was checked with.
        let tried = merge(&[&base[..1], std::slice::from_ref(&layer), &base[1..]].concat());
        if let Err(failure) = tried.and_then(|merged| Config::from_merged(&merged, Vec::new(), ListState::default())) {
            return without(format!("{}; the built-in list is used", failure.what));
        }
        let in_force = InForce {
            version: list.version,
            expires: list.expires,
            mirrors: list.mirrors,
            signers,
            source: self.source,
            taken: self.taken,
        };
        (ListState { list: Some(in_force), note: None }, layer)
    }
}

/// Whether a list may say this.
fn allowed(entry: &Entry) -> Result<(), Failure> {
    let refused = |kind: Kind, why: &str| {
        Failure::new(kind, format!("{}: a list of mirrors may not set `{}`: {why}", entry.origin, entry.key()))
    };
    let parts = entry.parts();
    match parts[..] {
        ["mirrors", _, key, ..] if ALLOWED.contains(&key) => {}
        _ => return Err(refused(Kind::Config, "it may only name operators and places")),
    }
    let ValueKind::String(text) = &entry.value else { return Ok(()) };
    if matches!(parts[2], "operator") {
        return Ok(());
    }
    let bare = text.strip_prefix("sparse+").unwrap_or(text).replace("{repo}", "owner/name");
    let Ok(address) = bare.parse::<Address>() else { return Err(refused(Kind::Config, "it is not an address")) };
    let url = address.expose();
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err(refused(Kind::Config, "credentials have no place in it"));
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        _ => Err(refused(Kind::Transport, "it is not https")),
    }
}

/// The second at which this date, or this moment, is over: a date counts to its end, in UTC.
fn end_of(moment: &Datetime) -> Option<u64> {
    let (time, minutes_later) = match (moment.time, moment.offset) {
        (None, _) => (Time { hour: 0, minute: 0, second: None, nanosecond: None }, 24 * 60),
        (Some(time), Some(Offset::Z)) => (time, 0),
        (Some(time), Some(Offset::Custom { minutes })) => (time, -i64::from(minutes)),
        // In the time of some unknown place.
        (Some(_), None) => return None,
    };
    let time = Time { second: time.second.or(Some(0)), nanosecond: None, ..time };
    let utc = Datetime { date: Some(moment.date?), time: Some(time), offset: Some(Offset::Z) };
    let since = humantime::parse_rfc3339(&utc.to_string()).ok()?.duration_since(UNIX_EPOCH).ok()?;
    since.as_secs().checked_add_signed(minutes_later * 60)
}

#[cfg(test)]
mod tests {
    use super::{SignedList, end_of};
    use crate::{errors::Kind, system::day};

    const HEADER: &str = "version = 3\nexpires = 2027-01-31\n";

    #[test]
    fn a_list_may_only_name_operators_and_places() {
        for (text, refused) in [
            ("[mirrors.x]\noperator = \"x\"\nweight = 2\nrelays = true\npypi = \"https://x.example/simple/\"\n", None),
            (
                "[mirrors.x]\ngit = { github = \"https://x.example/{repo}.git\" }\nannounced = \"https://x.example/help\"\n",
                None,
            ),
            ("[mirrors.x]\ncargo = \"sparse+http://127.0.0.1:1/index/\"\n", None),
            ("[mirrors.x]\ntrusted = true\n", Some(Kind::Config)),
            ("[mirrors.x]\ninsecure = true\n", Some(Kind::Config)),
            ("[mirrors.x]\nproxy = \"http://p.example\"\n", Some(Kind::Config)),
            ("[mirrors.tuna]\nenabled = false\n", Some(Kind::Config)),
            ("[proxy]\nurl = \"http://p.example\"\n", Some(Kind::Config)),
            ("[upstreams.github]\nurl = \"https://x.example/{repo}\"\n", Some(Kind::Config)),
            ("[signatures]\nkeys = []\n", Some(Kind::Config)),
            ("[git]\ntrust = \"tofu\"\n", Some(Kind::Config)),
            ("[mirrors.x]\npypi = \"https://u:p@x.example/simple/\"\n", Some(Kind::Config)),
            ("[mirrors.x]\ngit = { github = \"https://u@x.example/{repo}.git\" }\n", Some(Kind::Config)),
            ("[mirrors.x]\npypi = \"https://x.example/simple/?token=t\"\n", Some(Kind::Config)),
            ("[mirrors.x]\npypi = \"http://x.example/simple/\"\n", Some(Kind::Transport)),
            ("[mirrors.x]\ngit = { github = \"file:///srv/{repo}.git\" }\n", Some(Kind::Transport)),
            ("[mirrors.x]\ngit = { github = \"ssh://x.example/{repo}.git\" }\n", Some(Kind::Transport)),
            ("[mirrors.x]\ngit = { nowhere = \"https://x.example/{repo}.git\" }\n", Some(Kind::Config)),
            ("[mirrors.x]\nsecret = 1\n", Some(Kind::Config)),
            ("[mirrors.\"-x\"]\npypi = \"https://x.example/simple/\"\n", Some(Kind::Config)),
            ("[mirrors.x\n", Some(Kind::Config)),
        ] {
            let read = SignedList::read(&format!("{HEADER}{text}"), "list");
            assert_eq!(read.as_ref().err().map(|failure| failure.kind), refused, "{text}: {read:?}");
        }
    }

    #[test]
    fn a_list_says_its_version_and_when_it_expires() {
        let list = SignedList::read(HEADER, "list").expect("a header is enough");
        assert_eq!((list.version, day(list.expires).as_str(), list.mirrors), (3, "2027-02-01", 0));
        for text in [
            "",
            "version = 3\n",
            "expires = 2027-01-31\n",
            "version = 0\nexpires = 2027-01-31\n",
            "version = -1\nexpires = 2027-01-31\n",
            "version = \"3\"\nexpires = 2027-01-31\n",
            "version = 3\nexpires = \"2027-01-31\"\n",
            "version = 3\nexpires = 10:00:00\n",
        ] {
            assert_eq!(SignedList::read(text, "list").map(|_| ()).expect_err(text).kind, Kind::Config, "{text}");
        }
    }

    #[test]
    fn a_date_counts_to_its_end_and_a_moment_to_itself() {
        for (text, second) in [
            ("1970-01-02T00:00:01Z", Some(86_401)),
            ("1970-01-02T00:00:01.9Z", Some(86_401)),
            ("1970-01-02 08:00:00+08:00", Some(86_400)),
            ("1970-01-01T23:00:00-01:30", Some(88_200)),
            ("1970-01-01T01:00:00+02:00", None),
            ("1970-01-01", Some(86_400)),
            ("2028-02-29", Some(1_835_481_600)),
            ("9999-12-30", Some(253_402_214_400)),
            ("1969-01-02", None),
            ("1970-01-02T00:00:01", None),
            ("00:00:01", None),
        ] {
            assert_eq!(end_of(&text.parse().expect(text)), second, "{text}");
        }
    }
}
