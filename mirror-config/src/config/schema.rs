//! The keys that exist and the shape of each. What they mean stands in `data/default-config.toml`.

/// What a key's value looks like in TOML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A string.
    Text,
    /// `true` or `false`.
    Flag,
    /// An integer above zero.
    Count,
    /// A float or an integer.
    Number,
    /// A list of strings.
    List,
}

/// What a project's file may do to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Project {
    /// Nothing: it could loosen something.
    Never,
    /// Raise the evidence that is asked for.
    RaiseTrust,
    /// Raise the number.
    Raise,
    /// Add to the list.
    Add,
    /// Only this value.
    Only(bool),
}

/// Every key as a dotted path; `*` stands for a name of the user's own.
pub(super) const KEYS: &[(&str, Shape, Project)] = &[
    ("git.upstream", Shape::Text, Project::Never),
    ("git.trust", Shape::Text, Project::RaiseTrust),
    ("git.connections", Shape::Count, Project::Never),
    ("git.store-limit", Shape::Text, Project::Never),
    ("git.max-age", Shape::Text, Project::Never),
    ("git.strict", Shape::Flag, Project::Only(true)),
    ("git.private", Shape::List, Project::Add),
    ("upstreams.*.url", Shape::Text, Project::Never),
    ("upstreams.*.signers", Shape::List, Project::Never),
    ("upstreams.*.keyring", Shape::Text, Project::Never),
    ("upstreams.*.allowed-signers", Shape::Text, Project::Never),
    ("mirrors.*.operator", Shape::Text, Project::Never),
    ("mirrors.*.relays", Shape::Flag, Project::Never),
    ("mirrors.*.trusted", Shape::Flag, Project::Only(false)),
    ("mirrors.*.weight", Shape::Number, Project::Never),
    ("mirrors.*.enabled", Shape::Flag, Project::Only(false)),
    ("mirrors.*.insecure", Shape::Flag, Project::Only(false)),
    ("mirrors.*.proxy", Shape::Text, Project::Never),
    ("mirrors.*.git.*", Shape::Text, Project::Never),
    ("mirrors.*.cargo", Shape::Text, Project::Never),
    ("mirrors.*.pypi", Shape::Text, Project::Never),
    ("mirrors.*.rustup", Shape::Text, Project::Never),
    ("mirrors.*.announced", Shape::Text, Project::Never),
    ("net.low-speed-limit", Shape::Text, Project::Never),
    ("net.low-speed-time", Shape::Text, Project::Never),
    ("proxy.url", Shape::Text, Project::Never),
    ("proxy.no-proxy", Shape::List, Project::Never),
    ("catalog.builtin", Shape::Flag, Project::Only(false)),
    ("cargo.upstream", Shape::Text, Project::Never),
    ("cargo.trust", Shape::Text, Project::RaiseTrust),
    ("pip.upstream", Shape::Text, Project::Never),
    ("pip.trust", Shape::Text, Project::RaiseTrust),
    ("pip.private", Shape::List, Project::Add),
    ("pip.relay", Shape::Flag, Project::Never),
    ("pip.strict", Shape::Flag, Project::Only(true)),
    ("signatures.keys", Shape::List, Project::Never),
    ("signatures.threshold", Shape::Count, Project::Raise),
    ("signatures.pins", Shape::Flag, Project::Only(true)),
    ("tls.ca-file", Shape::Text, Project::Never),
];

/// Shape and project rule of a path, if such a key exists.
pub(super) fn lookup(path: &[&str]) -> Option<(Shape, Project)> {
    KEYS.iter().find(|(key, ..)| fits(key, path)).map(|(_, shape, project)| (*shape, *project))
}

/// Whether keys exist below this path, so that it may be a table.
pub(super) fn is_table(path: &[&str]) -> bool {
    KEYS.iter().any(|(key, ..)| {
        let parts: Vec<&str> = key.split('.').collect();
        parts.len() > path.len() && parts.iter().zip(path).all(|(part, given)| *part == "*" || part == given)
    })
}

/// The known key, or table of keys, that looks most like this path, with the user's own names kept.
pub(super) fn nearest(path: &[&str]) -> Option<String> {
    let named = |(i, part): (usize, &'static str)| {
        if part == "*" { path.get(i).copied().unwrap_or("NAME").to_owned() } else { part.to_owned() }
    };
    KEYS.iter()
        .map(|(key, ..)| key.split('.').take(path.len()).enumerate().map(named).collect::<Vec<_>>().join("."))
        .map(|key| (strsim::damerau_levenshtein(&key, &path.join(".")), key))
        .min()
        .filter(|(distance, key)| *distance <= key.len() / 2)
        .map(|(_, key)| key)
}

/// Whether a path is this key, or one that its `*` stands for.
pub(super) fn fits(key: &str, path: &[&str]) -> bool {
    let parts: Vec<&str> = key.split('.').collect();
    parts.len() == path.len() && parts.iter().zip(path).all(|(part, given)| *part == "*" || part == given)
}
