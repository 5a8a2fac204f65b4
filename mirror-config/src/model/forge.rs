//! What is known of the large forges, by their hosts: how they name repositories, and which addresses of theirs are pages
//! for people. Pure.

/// How a forge names repositories. None of them tells names apart by case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forge {
    host: &'static str,
    /// Every name is `owner/name`; else there are groups in groups.
    pub two_parts: bool,
}

/// The forges. Of any other host nothing is known: its names have any number of parts, and case counts.
const FORGES: [Forge; 5] = [
    Forge { host: "github.com", two_parts: true },
    Forge { host: "codeberg.org", two_parts: true },
    Forge { host: "gitee.com", two_parts: true },
    Forge { host: "bitbucket.org", two_parts: true },
    Forge { host: "gitlab.com", two_parts: false },
];

/// Words that forges let nobody name a project, since they are what follows its name (GitLab's reserved names).
const RESERVED: [&str; 9] = ["tree", "blob", "raw", "blame", "commits", "commit", "edit", "find_file", "-"];

/// Words that follow a name where a forge's names have two parts.
const PAGES: [&str; 22] = [
    "actions",
    "activity",
    "archive",
    "branches",
    "compare",
    "discussions",
    "forks",
    "graphs",
    "issues",
    "merge_requests",
    "network",
    "projects",
    "pull",
    "pulls",
    "releases",
    "security",
    "settings",
    "src",
    "stargazers",
    "tags",
    "watchers",
    "wiki",
];

/// Words that follow a name, where they are followed by one of these, or by a number.
const FOLLOWED: [(&str, &[&str]); 7] = [
    ("src", &["branch", "commit", "tag"]),
    ("info", &["refs", "lfs"]),
    ("releases", &["tag", "download", "latest"]),
    ("archive", &["refs"]),
    ("issues", &[]),
    ("pull", &[]),
    ("merge_requests", &[]),
];

impl Forge {
    /// The forge of this host.
    pub fn of(host: &str) -> Option<Self> {
        FORGES.into_iter().find(|forge| forge.host.eq_ignore_ascii_case(host))
    }
}

/// How many of these parts of a path, the name's first, are the name, where what follows is clearly a page about it.
pub fn name_before_page(parts: &[&str], two_parts: bool) -> Option<usize> {
    let is_number = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
    let is_page = |at: usize| {
        let (word, next) = (parts[at], parts.get(at + 1));
        let followed = |(first, seconds): &(&str, &[&str])| {
            *first == word && next.is_some_and(|next| seconds.contains(next) || seconds.is_empty() && is_number(next))
        };
        match word {
            // One part is enough before it: GitLab has it nowhere else.
            "-" => true,
            _ if at < 2 => false,
            _ => {
                RESERVED.contains(&word)
                    || FOLLOWED.iter().any(followed)
                    || two_parts && at == 2 && PAGES.contains(&word)
            }
        }
    };
    let is_end = |at: usize| parts[at - 1].len() > ".git".len() && parts[at - 1].ends_with(".git");
    let end = (1..parts.len()).find(|at| is_end(*at) || is_page(*at))?;
    (!two_parts || end == 2).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::{Forge, name_before_page};

    #[test]
    fn a_page_about_a_repository_is_told_from_a_name() {
        for (path, any, two) in [
            ("o/r/tree/main", Some(2), Some(2)),
            ("o/r/tree/feature/x", Some(2), Some(2)),
            ("o/r/blob/main/src/lib.rs", Some(2), Some(2)),
            ("g/t/p/-/tree/main", Some(3), None),
            ("g/t/u/p/-/merge_requests/7", Some(4), None),
            ("p/-/tree/main", Some(1), None),
            ("g/t/p/tree/main", Some(3), None),
            ("o/r/src/branch/main", Some(2), Some(2)),
            ("o/r/src/main", None, Some(2)),
            ("o/r/issues", None, Some(2)),
            ("o/r/issues/12", Some(2), Some(2)),
            ("o/r/pull/12/files", Some(2), Some(2)),
            ("o/r/releases/tag/v1", Some(2), Some(2)),
            ("o/r.git/info/refs", Some(2), Some(2)),
            ("o/r/info/refs", Some(2), Some(2)),
            ("o/r", None, None),
            ("g/t/p", None, None),
            ("tree/main", None, None),
            ("o/tree", None, None),
            ("o/r/wiki", None, Some(2)),
            ("o/r/lib", None, None),
        ] {
            let parts: Vec<&str> = path.split('/').collect();
            assert_eq!(name_before_page(&parts, false), any, "{path}");
            assert_eq!(name_before_page(&parts, true), two, "{path}, of two parts");
        }
    }

    #[test]
    fn hosts_are_known_however_they_are_spelled() {
        for (host, two_parts) in [
            ("github.com", Some(true)),
            ("GitHub.com", Some(true)),
            ("gitlab.com", Some(false)),
            ("gitlab.corp.example", None),
            ("127.0.0.1", None),
        ] {
            assert_eq!(Forge::of(host).map(|forge| forge.two_parts), two_parts, "{host}");
        }
    }
}
