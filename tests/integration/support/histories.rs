//! Whether the histories that are made for their shape have it, and random ones the size that was asked for.

use mirror_tests::{History, Noise, RandomHistory, Repository, Sandbox, assert_fsck_clean, grow};

const NAME: &str = "owner/shape";

fn count(repository: &Repository, arguments: &[&str]) -> usize {
    repository.git(arguments).stdout.lines().count()
}

#[test]
fn each_shape_is_what_it_is_called_and_the_same_in_every_run() {
    let sandbox = Sandbox::new();
    // MB, and what there is of it: commits, those without parents, branches, tags.
    for (shape, history, megabytes, expected) in [
        ("tagless", History::tagless(2), 2, [20, 1, 1, 0]),
        ("pictures", History::pictures(5), 5, [30, 1, 1, 0]),
        ("snapshot", History::snapshot(3), 3, [1, 1, 1, 0]),
        ("tags", History::many_tags(1), 1, [250, 1, 1, 250]),
        ("orphans", History::orphans(4), 4, [100, 20, 20, 0]),
    ] {
        let made = ["one", "two"].map(|root| history.write(sandbox.path(root).join(shape), NAME));
        assert_eq!(made[0].tip(), made[1].tip(), "{shape}");
        let repository = &made[0];
        let found = [
            count(repository, &["rev-list", "--all"]),
            count(repository, &["rev-list", "--all", "--max-parents=0"]),
            repository.refs("refs/heads").len(),
            repository.refs("refs/tags").len(),
        ];
        assert_eq!(found, expected, "{shape}");
        let bytes = repository.pack_bytes();
        assert!((megabytes * 900_000..megabytes * 1_200_000).contains(&bytes), "{shape}: {bytes} B");
        assert_fsck_clean(&repository.path());
    }
}

#[test]
fn pictures_are_few_and_nearly_all_there_is_and_a_snapshot_has_many_files() {
    let sandbox = Sandbox::new();
    let pictures = History::pictures(5).write(sandbox.path("pictures"), NAME);
    let objects = pictures.git(&["cat-file", "--batch-all-objects", "--batch-check=%(objectsize)"]).stdout;
    let sizes: Vec<u64> = objects.lines().map(|line| line.parse().expect("git counts in digits")).collect();
    let large: Vec<u64> = sizes.iter().copied().filter(|size| *size >= 50_000).collect();
    assert_eq!((sizes.len(), large.len()), (150, 30));
    assert!(large.iter().all(|size| *size < 400_000));
    assert!(large.iter().filter(|size| **size < 150_000).count() > 15, "most are small: {large:?}");
    let snapshot = History::snapshot(3).write(sandbox.path("snapshot"), NAME);
    assert_eq!(count(&snapshot, &["ls-tree", "-r", "HEAD"]), 201);
}

#[test]
fn a_random_history_has_its_bytes_whatever_its_files_and_tags_are() {
    let sandbox = Sandbox::new();
    let (mut single, mut tags) = (0, Vec::new());
    for seed in 0..12 {
        let mut noise = Noise::new(seed);
        let history = RandomHistory::of_size(300_000, &mut noise);
        let repository = history.write(sandbox.path(seed.to_string()), NAME);
        let bytes = repository.pack_bytes();
        assert!((300_000..900_000).contains(&bytes), "{bytes} B of {}", history.describe());
        assert_fsck_clean(&repository.path());
        single += usize::from(count(&repository, &["rev-list", "--all"]) == 1);
        tags.push(repository.refs("refs/tags").len());
        grow(&repository, &mut noise);
        assert_fsck_clean(&repository.path());
    }
    assert!(single > 0 && single < 6, "{single} of one commit");
    assert!(tags.contains(&0) && tags.iter().any(|count| *count > 100), "{tags:?}");
}
