//! The shim reads pip's configuration as the machine's own pip does: all levels, and the oddities of Python's ini files.

use std::fs;

use mirror_config::{
    pip::config::{Levels, Settings, files},
    system::Environment,
};
use mirror_tests::Sandbox;
use serde_json::json;

use super::grammar::ask_pips;

const CONFIGURATION: &str = r#"
import json, os, sys
from pip._internal.cli.parser import ConfigOptionParser
answers = []
for variables in json.load(open(sys.argv[1])):
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        del os.environ[name]
    os.environ.update(variables)
    try:
        parser = ConfigOptionParser(name="install", isolated=False)
        parser.config.load()
        found = dict(parser._get_ordered_configuration_items())
        answers.append(found)
    except Exception:
        answers.append(None)
print(json.dumps(answers))
"#;

/// Texts of configuration files, for each of the user's two places and `PIP_CONFIG_FILE`.
const TEXTS: &[&str] = &[
    "[global]\nindex-url = A\n",
    "[install]\nindex_url: B\ntimeout=5\n",
    "[global]\n  Index-URL = C\n  find-links =\n      d\n\n      e\n  # no\n  no-index = 0\n",
    "[DEFAULT]\nretries = 4\n[install]\n--proxy = P ; not a comment\n",
    "[global]\nkeyring-provider =\n[install]\nindex-url = D\n[download]\nindex-url = E\n",
    "",
    "[global]\r\nindex-url = F\r\n",
    "[ global ]\nindex-url = G\n[global]\n;index-url = H\ncert = a\n  = b\n",
];

#[test]
fn configuration_is_read_as_pip_reads_it() {
    let sandbox = Sandbox::new();
    let old = sandbox.path("home/.pip/pip.conf");
    let new = sandbox.path("config/pip/pip.conf");
    for file in [&old, &new] {
        fs::create_dir_all(file.parent().expect("in a folder")).expect("the sandbox is ours");
    }
    let (mut compared, mut asked) = (0, false);
    for (n, text) in TEXTS.iter().enumerate() {
        fs::write(&old, text).expect("the sandbox is ours");
        fs::write(&new, TEXTS[(n + 1) % TEXTS.len()]).expect("the sandbox is ours");
        let own = sandbox.path("own.conf");
        fs::write(&own, TEXTS[(n + 3) % TEXTS.len()]).expect("the sandbox is ours");
        let own = own.to_str().expect("plain names");
        let cases = [
            json!({}),
            json!({"PIP_CONFIG_FILE": own}),
            json!({"PIP_CONFIG_FILE": "/dev/null", "PIP_INDEX_URL": "V"}),
            json!({"PIP_CONFIG_FILE": "/missing", "PIP_index_url": "V", "PIP_NO_INDEX": ""}),
        ];
        let answers = ask_pips(&sandbox, CONFIGURATION, &json!(cases));
        asked |= !answers.is_empty();
        for (case, answer) in answers.iter().flat_map(|(_, answers)| cases.iter().zip(answers)) {
            if answer.is_null() {
                continue;
            }
            compared += 1;
            let places = [("HOME", sandbox.path("home")), ("XDG_CONFIG_HOME", sandbox.path("config"))];
            let places = places.map(|(name, path)| (name.to_owned(), path.display().to_string()));
            let set = case.as_object().expect("a table").iter();
            let set = set.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()));
            let env = Environment::of(places.into_iter().chain(set), sandbox.work());
            let settings = Settings::of(&Levels::read(&env, &[], false), "install");
            for (key, value) in answer.as_object().expect("a table") {
                let ours = settings.get(&[key]).map(|value| value.text.as_str());
                assert_eq!(ours, value.as_str(), "{key} of {case} in {:?}", files(&env, &[], false));
            }
            for key in
                ["index-url", "no-index", "timeout", "retries", "proxy", "cert", "find-links", "keyring-provider"]
            {
                assert_eq!(settings.get(&[key]).is_some(), answer.get(key).is_some(), "{key} of {case}, file {n}");
            }
        }
    }
    assert!(compared >= 20 || !asked, "pip read only {compared} of its configurations");
}
