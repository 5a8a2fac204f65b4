//! With whom a repository is shared (`core.sharedRepository`), and which modes its files have for that. Pure.
//!
//! The rule is git's own, from git-config(1) and git-init(1) (`--shared`): the umask decides, and this adds to it; a mode in
//! octal takes its place.

/// With whom.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sharing {
    /// As the umask has it.
    #[default]
    Umask,
    /// With those that these bits let in, beside those that the umask does.
    Also(u32),
    /// With those that these bits let in, whatever the umask says.
    Exactly(u32),
}

/// Readable and writable for owner and group; for all others readable as well.
const GROUP: u32 = 0o660;
const EVERYBODY: u32 = 0o664;
/// New entries of a folder have its group.
const SET_GROUP: u32 = 0o2000;

impl Sharing {
    /// Reads a value of `core.sharedRepository`; a key without one is `true`. What git refuses is the umask's, since git has
    /// refused it by then.
    pub fn parse(value: &str) -> Self {
        match value.to_ascii_lowercase().as_str() {
            "group" | "true" | "yes" | "on" => return Self::Also(GROUP),
            "all" | "world" | "everybody" => return Self::Also(EVERYBODY),
            _ => {}
        }
        match u32::from_str_radix(value, 8) {
            Ok(1) => Self::Also(GROUP),
            Ok(2) => Self::Also(EVERYBODY),
            // Whoever owns it reads and writes; nobody runs files.
            Ok(mode) if mode & 0o600 == 0o600 => Self::Exactly(mode & 0o666),
            _ => Self::Umask,
        }
    }

    /// The mode of a file that nobody writes to, which by the umask alone would have this one.
    pub fn read_only_file(self, by_umask: u32) -> u32 {
        match self {
            Self::Umask => by_umask,
            Self::Also(bits) => by_umask | bits & 0o444,
            Self::Exactly(bits) => by_umask & !0o777 | bits & 0o444,
        }
    }

    /// The mode of a folder.
    pub fn folder(self, by_umask: u32) -> u32 {
        let shared = match self {
            Self::Umask => return by_umask,
            Self::Also(bits) => by_umask | bits,
            Self::Exactly(bits) => by_umask & !0o777 | bits,
        };
        // Who may read may also enter.
        let entered = shared | (shared & 0o444) >> 2;
        if entered & 0o060 == 0 { entered } else { entered | SET_GROUP }
    }
}

#[cfg(test)]
mod tests {
    use super::Sharing;

    #[test]
    fn modes_are_gits_in_every_spelling() {
        // (what is configured, files and folders under umask 022, under 077)
        for (values, wide, narrow) in [
            (&["umask", "false", "no", "0", "", "off"][..], (0o444, 0o755), (0o400, 0o700)),
            (&["group", "true", "1", "yes", "on", "TRUE", "001"], (0o444, 0o2775), (0o440, 0o2770)),
            (&["all", "world", "everybody", "2"], (0o444, 0o2775), (0o444, 0o2775)),
            (&["0640", "640"], (0o440, 0o2750), (0o440, 0o2750)),
            (&["0600"], (0o400, 0o700), (0o400, 0o700)),
            (&["0666", "0777"], (0o444, 0o2777), (0o444, 0o2777)),
            (&["0660", "0770"], (0o440, 0o2770), (0o440, 0o2770)),
            // git refuses these.
            (&["0440", "9", "some"], (0o444, 0o755), (0o400, 0o700)),
        ] {
            for value in values {
                let sharing = Sharing::parse(value);
                let by = |umask: u32| (sharing.read_only_file(0o444 & !umask), sharing.folder(0o777 & !umask));
                assert_eq!((by(0o022), by(0o077)), (wide, narrow), "{value:?}: {sharing:?}");
            }
        }
    }
}
