//! What README's tables say is what the code has.

use mirror_config::system::environment::VARIABLES;

use super::code::workspace;

#[test]
fn readme_names_every_variable() {
    let readme = std::fs::read_to_string(workspace().join("README.md")).expect("README");
    for (name, does) in VARIABLES {
        // What the suite says to itself is no matter of its users.
        let is_told = !does.starts_with("set by");
        let name = name.trim_end_matches("__<KEY>").trim_end_matches("<SECTION>");
        assert!(!is_told || readme.contains(&format!("`{name}")), "README does not name {name}");
    }
}
