//! Whether a clone is what upstream has, asked of git.

use std::path::Path;

use mirror_tests::Repository;

use crate::{scene::Scene, show::check};

/// Checks project and submodule, and says what held.
pub(crate) fn clone_is_upstreams(scene: &Scene, target: &str) -> Vec<bool> {
    let project = scene.work(target);
    let submodule = project.join("assets");
    let whole = is_whole(scene, &project) && is_whole(scene, &submodule);
    let same = is_same(scene, &project, &scene.upstream) && is_same(scene, &submodule, &scene.assets);
    let clean = says(scene, &project, &["status", "--porcelain"]).is_some_and(|said| said.is_empty());
    vec![
        check("git fsck --strict finds nothing wrong, in the project and its submodule", whole),
        check("the commits and trees are upstream's, in both", same),
        check("the work tree is complete and unchanged", clean),
    ]
}

fn is_whole(scene: &Scene, folder: &Path) -> bool {
    let arguments = ["fsck", "--strict", "--full", "--no-dangling", "--no-progress"];
    folder.is_dir() && says(scene, folder, &arguments).is_some_and(|said| said.is_empty())
}

/// Tip and tree, and every branch and tag.
fn is_same(scene: &Scene, folder: &Path, upstream: &Repository) -> bool {
    let tip = says(scene, folder, &["rev-parse", "HEAD", "HEAD^{tree}"]);
    let refs = says(
        scene,
        folder,
        &["for-each-ref", "--format=%(objectname) %(refname:lstrip=3)", "refs/remotes/origin/main"],
    );
    let tags = ["for-each-ref", "--format=%(objectname) %(refname)", "refs/tags"];
    tip.is_some_and(|tip| tip == format!("{}\n{}\n", upstream.tip(), upstream.id("HEAD^{tree}")))
        && refs.is_some_and(|refs| refs == format!("{} main\n", upstream.id("refs/heads/main")))
        && says(scene, folder, &tags).is_some_and(|said| said == upstream.git(&tags).stdout)
}

/// What git says on both its outputs; nothing when it fails.
fn says(scene: &Scene, folder: &Path, arguments: &[&str]) -> Option<String> {
    let ran = scene.git(folder, arguments);
    (ran.code == 0).then(|| ran.stdout + &ran.stderr)
}
