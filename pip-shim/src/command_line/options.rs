//! pip's options: which exist for which command, and which take a value. A table, nothing else.
//!
//! Rule: `pip._internal.cli.cmdoptions` and `commands/*.py` of pip 22 to 26; those that not all of them have are
//! marked. The tests hold it against the machine's own pip.

use super::optparse::Opt;

/// A command that reads an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is a command of pip's")]
pub enum Command {
    Install,
    Download,
    Wheel,
    List,
    Index,
    Lock,
}

impl Command {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Install, Self::Download, Self::Wheel, Self::List, Self::Index, Self::Lock];

    /// As pip spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Download => "download",
            Self::Wheel => "wheel",
            Self::List => "list",
            Self::Index => "index",
            Self::Lock => "lock",
        }
    }

    /// The options it understands.
    pub fn options(self) -> Vec<Opt> {
        let own: &[&[Opt]] = match self {
            Self::Install => &[NEEDS, BUILDS, TARGET, FORMATS, INSTALL],
            Self::Download => &[NEEDS, BUILDS, TARGET, FORMATS, DOWNLOAD],
            Self::Wheel => &[NEEDS, BUILDS, FORMATS, WHEEL],
            Self::List => &[LIST],
            Self::Index => &[TARGET, FORMATS, INDEX_COMMAND],
            Self::Lock => &[NEEDS, BUILDS, FORMATS, LOCK],
        };
        [INDEX, GENERAL].iter().chain(own).flat_map(|part| part.iter().copied()).collect()
    }
}

const fn flag(names: &'static str) -> Opt {
    Opt { names, value: false, recent: false }
}

const fn value(names: &'static str) -> Opt {
    Opt { names, value: true, recent: false }
}

const fn recent_flag(names: &'static str) -> Opt {
    Opt { names, value: false, recent: true }
}

const fn recent_value(names: &'static str) -> Opt {
    Opt { names, value: true, recent: true }
}

/// Before and behind every command.
pub const GENERAL: &[Opt] = &[
    flag("-h --help"),
    flag("--debug"),
    flag("--isolated"),
    flag("--require-virtualenv --require-venv"),
    value("--python"),
    flag("-v --verbose"),
    flag("-V --version"),
    flag("-q --quiet"),
    value("--log --log-file --local-log"),
    flag("--no-input"),
    value("--keyring-provider"),
    value("--proxy"),
    recent_flag("--no-proxy-env"),
    value("--retries"),
    recent_value("--resume-retries"),
    value("--timeout --default-timeout"),
    value("--exists-action"),
    value("--trusted-host"),
    value("--cert"),
    value("--client-cert"),
    value("--cache-dir"),
    flag("--no-cache-dir"),
    recent_value("--refresh-package"),
    flag("--disable-pip-version-check"),
    flag("--no-color"),
    flag("--no-python-version-warning"),
    value("--use-feature"),
    value("--use-deprecated"),
];

/// Where packages come from.
const INDEX: &[Opt] = &[
    value("-i --index-url --pypi-url"),
    value("--extra-index-url"),
    flag("--no-index"),
    value("-f --find-links"),
    recent_value("--uploaded-prior-to"),
];

/// What is asked for.
const NEEDS: &[Opt] = &[
    value("-r --requirement"),
    value("-c --constraint"),
    recent_value("--build-constraint"),
    recent_value("--requirements-from-script"),
    recent_value("--group"),
    flag("--no-deps --no-dependencies"),
    recent_flag("--only-deps --only-dependencies"),
    flag("--require-hashes"),
    recent_flag("--no-require-hashes"),
    flag("--ignore-requires-python"),
    value("--progress-bar"),
    flag("--no-clean"),
];

/// How something is built.
const BUILDS: &[Opt] = &[
    value("--src --source --source-dir --source-directory"),
    flag("--no-build-isolation"),
    flag("--use-pep517"),
    flag("--no-use-pep517"),
    flag("--check-build-dependencies"),
    value("--global-option"),
];

/// For which Python.
const TARGET: &[Opt] = &[value("--platform"), value("--python-version"), value("--implementation"), value("--abi")];

/// Which kinds of files and releases.
const FORMATS: &[Opt] = &[
    value("--no-binary"),
    value("--only-binary"),
    flag("--prefer-binary"),
    flag("--pre"),
    recent_value("--all-releases"),
    recent_value("--only-final"),
];

const INSTALL: &[Opt] = &[
    value("-e --editable"),
    flag("--dry-run"),
    value("-t --target"),
    flag("--user"),
    flag("--no-user"),
    value("--root"),
    value("--prefix"),
    flag("-U --upgrade"),
    value("--upgrade-strategy"),
    flag("--force-reinstall"),
    flag("-I --ignore-installed"),
    flag("--break-system-packages"),
    recent_value("-C --config-settings"),
    value("--root-user-action"),
    value("--report"),
    flag("--compile"),
    flag("--no-compile"),
    flag("--no-warn-script-location"),
    flag("--no-warn-conflicts"),
];

const DOWNLOAD: &[Opt] = &[value("-d --dest --destination-dir --destination-directory")];

const WHEEL: &[Opt] = &[
    value("-w --wheel-dir"),
    value("-e --editable"),
    flag("--no-verify"),
    recent_value("-C --config-settings"),
    value("--build-option"),
];

const LIST: &[Opt] = &[
    flag("-o --outdated"),
    flag("-u --uptodate"),
    flag("-e --editable"),
    flag("-l --local"),
    flag("--user"),
    value("--path"),
    flag("--pre"),
    value("--format"),
    flag("--not-required"),
    flag("--exclude-editable"),
    flag("--include-editable"),
    value("--exclude"),
    recent_value("--no-binary"),
    recent_value("--only-binary"),
    recent_flag("--prefer-binary"),
    recent_value("--all-releases"),
    recent_value("--only-final"),
];

const INDEX_COMMAND: &[Opt] =
    &[flag("--ignore-requires-python"), recent_flag("--json"), recent_flag("--prefer-binary")];

const LOCK: &[Opt] = &[value("-o --output"), value("-e --editable"), recent_value("-C --config-settings")];

/// In a line of a requirements file. Rule: `SUPPORTED_OPTIONS` of `pip._internal.req.req_file`.
pub const IN_FILES: &[Opt] = &[
    value("-i --index-url --pypi-url"),
    value("--extra-index-url"),
    flag("--no-index"),
    value("-c --constraint"),
    value("-r --requirement"),
    value("-e --editable"),
    value("-f --find-links"),
    value("--no-binary"),
    value("--only-binary"),
    flag("--prefer-binary"),
    flag("--require-hashes"),
    recent_flag("--no-require-hashes"),
    flag("--pre"),
    recent_value("--all-releases"),
    recent_value("--only-final"),
    value("--trusted-host"),
    value("--use-feature"),
    value("--global-option"),
    value("--hash"),
    recent_value("-C --config-settings"),
];
