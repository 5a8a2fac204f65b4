//! What is left of a transfer is shared, in whatever it comes, and over as many connections as help.

use std::fs;

use mirror_tests::{History, Noise, Stage, TlsFront, assert_fsck_clean, assert_same_repository};

/// Bytes a second of a connection on a line with loss: each has its own pace.
const HELD: u64 = 150_000;
/// Pictures of the last commit, and the bytes of each.
const PICTURES: (u64, usize) = (16, 150_000);

/// Puts a commit that brings pictures on top of a history, at everybody.
fn add_pictures(stage: &Stage) {
    stage.upstream.allow_push();
    stage.plain_clone(&["-q"], "seed").ok();
    let mut noise = Noise::new(11);
    for number in 0..PICTURES.0 {
        let picture: Vec<u8> = (0..PICTURES.1).map(|_| noise.below(256) as u8).collect();
        fs::write(stage.work("seed").join(format!("picture-{number}.png")), picture).expect("ours");
    }
    let git = |words: &[&str]| drop(stage.sandbox.git_in(stage.work("seed"), words).ok());
    git(&["add", "."]);
    git(&["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", "pictures"]);
    git(&["push", "-q", &stage.upstream.file_url(), "HEAD"]);
    stage.upstream.git(&["repack", "-a", "-d", "-q"]);
    stage.mirrors.iter().for_each(|mirror| mirror.repository.become_copy_of(&stage.upstream));
    fs::remove_dir_all(stage.work("seed")).expect("ours");
}

#[test]
fn a_last_slice_that_takes_long_is_shared_by_all_connections() {
    let stage = Stage::new(&History::lively(2).untagged(), &["only"]);
    add_pictures(&stage);
    stage.plain_clone(&["-q"], "plain").ok();
    stage.origin.forget_log();
    stage.mirror("only").server.per_connection_rate(HELD);
    assert_eq!(stage.clone(&["-q"], "ours").ok().stderr, "");
    assert_same_repository(&stage.work("plain"), &stage.work("ours"));
    assert_fsck_clean(&stage.work("ours"));
    let (pictures, pack) = (PICTURES.0 * PICTURES.1 as u64, stage.upstream.pack_bytes());
    let log = stage.mirror("only").server.log();
    let most = log.iter().map(|seen| seen.sent).max().unwrap_or_default();
    assert!(most < pictures * 2 / 3, "one answer brought {most} of {pictures}");
    let sent = stage.mirror("only").server.fetched();
    assert!((sent as f64) < pack as f64 * 1.1, "{sent} of {pack}");
    assert_eq!(stage.origin.fetched(), 0);
}

#[test]
fn answers_have_connections_of_their_own_where_http2_is_offered() {
    let mut stage = Stage::new(&History::small(), &["near"]);
    stage.plain_clone(&["-q"], "plain").ok();
    let front = TlsFront::offering_http2(&stage.mirror("near").server.url());
    stage.set_address("near", &front.url());
    let authority = stage.sandbox.path("authority.pem");
    fs::write(&authority, front.authority()).expect("a sandbox takes files");
    stage.configure(&format!("[tls]\nca-file = \"{}\"\n", authority.display()));
    stage.origin.forget_log();
    assert_eq!(stage.clone(&["-q"], "ours").ok().stderr, "");
    assert_same_repository(&stage.work("plain"), &stage.work("ours"));
    assert!(stage.mirror("near").server.fetched() > 0, "it carried");
    assert_eq!(stage.origin.fetched(), 0);
}
