//! Which signatures count, and how often. Those of SSH are `ssh-keygen`'s own, made with throw-away keys.

use minisign::KeyPair;

use super::signature::{Key, Policy, beside, check};
use crate::errors::Kind;

const CONTENT: &[u8] = b"what is signed\n";
const ADA: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN13dK0XVdJjzmJyZuYZFMazP2irpmtLgcUpIKjFQSxe a@example.org";
const BOB: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPHIkElORIwSZnw5SSMTIZD1ubqQNouZ4ZUCnvGsXrBT b@example.org";
const EVE: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGIXDpEbCJCUTi7VJnk0ASpCB8EoMALmbUzZo9giSjWl c@example.org";
const CURVE: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBNAyz7mM3iNiG1nV70fVNZ1kbRmgkLWhUPfC3+4ZIauv/QBpLk9Tfthwy1KlKdQiAffAygIVKLTypcNW8HC6r/Q=";
const BY_ADA: &str = "-----BEGIN SSH SIGNATURE-----\n\
    U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAg3Xd0rRdV0mPOYnJm5hkUxrM/aK\n\
    uma0uBxSkgqMVBLF4AAAAGbWlycm9yAAAAAAAAAAZzaGE1MTIAAABTAAAAC3NzaC1lZDI1\n\
    NTE5AAAAQEZXDflbZie35lOShx7J146TBWzE27WPKj36FZ20DATjw7YLa8ilpDxBsmruSP\n\
    FOwGJVtL32WwkQVFuSKE49lA8=\n\
    -----END SSH SIGNATURE-----";
const BY_BOB: &str = "-----BEGIN SSH SIGNATURE-----\n\
    U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAg8ciQSU5EjBJmfDlJIxMhkPW5up\n\
    A2i5nhlQKe8axesFMAAAAGbWlycm9yAAAAAAAAAAZzaGE1MTIAAABTAAAAC3NzaC1lZDI1\n\
    NTE5AAAAQNFgrdls9MPZAVGpTuzcB7IxLZnqnRkVENr8Wde4yXS7yYUWPdPtZWhozUcYEA\n\
    l7Spg6Y2V1jmnSBFDj7Lfxmgw=\n\
    -----END SSH SIGNATURE-----";
/// By Ada, with `-n git`.
const OF_GIT: &str = "-----BEGIN SSH SIGNATURE-----\n\
    U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAg3Xd0rRdV0mPOYnJm5hkUxrM/aK\n\
    uma0uBxSkgqMVBLF4AAAADZ2l0AAAAAAAAAAZzaGE1MTIAAABTAAAAC3NzaC1lZDI1NTE5\n\
    AAAAQCanNOPASdAcQs3KipGkzohC+y+q3PTYCvXzezE3ppeU2Yhpk7ua8/6RT3tAybfzxe\n\
    sW5W2xHmXWNvAlbIaAJw4=\n\
    -----END SSH SIGNATURE-----";
/// A key in hardware, and a signature of it.
const DOT: &str = "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIOpKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIsAAAABHNzaDo= d@example.org";
const BY_DOT: &str = "-----BEGIN SSH SIGNATURE-----\n\
    U1NIU0lHAAAAAQAAAEoAAAAac2stc3NoLWVkMjU1MTlAb3BlbnNzaC5jb20AAAAg6kpsY+\n\
    KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iwAAAAEc3NoOgAAAAZtaXJyb3IAAAAAAAAA\n\
    BnNoYTUxMgAAAGcAAAAac2stc3NoLWVkMjU1MTlAb3BlbnNzaC5jb20AAABAKTTHkEQGIa\n\
    vxGAllXUdcb8S23r89Sm4keLklsiHyDLDewc6XkLmvXi0K7k44ZFZTgJNL+OBigudE1WMu\n\
    jvKNBgEAAAAF\n\
    -----END SSH SIGNATURE-----";
/// The same, which says that it was made without a touch.
const UNTOUCHED: &str = "-----BEGIN SSH SIGNATURE-----\n\
    U1NIU0lHAAAAAQAAAEoAAAAac2stc3NoLWVkMjU1MTlAb3BlbnNzaC5jb20AAAAg6kpsY+\n\
    KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iwAAAAEc3NoOgAAAAZtaXJyb3IAAAAAAAAA\n\
    BnNoYTUxMgAAAGcAAAAac2stc3NoLWVkMjU1MTlAb3BlbnNzaC5jb20AAABAKTTHkEQGIa\n\
    vxGAllXUdcb8S23r89Sm4keLklsiHyDLDewc6XkLmvXi0K7k44ZFZTgJNL+OBigudE1WMu\n\
    jvKNBgAAAAAF\n\
    -----END SSH SIGNATURE-----";
/// Ada's, with the group's order added to its second half.
const MALLEATED: &str = "-----BEGIN SSH SIGNATURE-----\n\
    U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAg3Xd0rRdV0mPOYnJm5hkUxrM/aK\n\
    uma0uBxSkgqMVBLF4AAAAGbWlycm9yAAAAAAAAAAZzaGE1MTIAAABTAAAAC3NzaC1lZDI1\n\
    NTE5AAAAQEZXDflbZie35lOShx7J146TBWzE27WPKj36FZ20DATjsIoByOIIt5QXT2KRJ+\n\
    st1WJVtL32WwkQVFuSKE49lB8=\n\
    -----END SSH SIGNATURE-----";
/// Ada's, with something where what is reserved stands.
const RESERVED: &str = "-----BEGIN SSH SIGNATURE-----\n\
    U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAg3Xd0rRdV0mPOYnJm5hkUxrM/aK\n\
    uma0uBxSkgqMVBLF4AAAAGbWlycm9yAAAAAXgAAAAGc2hhNTEyAAAAUwAAAAtzc2gtZWQy\n\
    NTUxOQAAAEBGVw35W2Ynt+ZTkoceydeOkwVsxNu1jyo9+hWdtAwE48O2C2vIpaQ8QbJq7k\n\
    jxTsBiVbS99lsJEFRbkihOPZQP\n\
    -----END SSH SIGNATURE-----";

fn policy(keys: &[&str], threshold: usize) -> Policy {
    Policy::new(keys.iter().map(|key| key.parse().expect("a key of this table")), threshold)
}

#[test]
fn so_many_of_the_keys_must_have_signed_these_bytes_and_each_counts_once() {
    let again = ADA.replace("a@example.org", "another comment");
    for (case, keys, threshold, content, signatures, who) in [
        ("one of one", &[ADA][..], 1, CONTENT, &[BY_ADA][..], Some(1)),
        ("one of two", &[ADA, BOB], 1, CONTENT, &[BY_BOB], Some(1)),
        ("two of two", &[ADA, BOB], 2, CONTENT, &[BY_ADA, BY_BOB], Some(2)),
        ("two of three", &[EVE, ADA, BOB], 2, CONTENT, &[BY_ADA, BY_BOB], Some(2)),
        ("a strange signature does no harm", &[ADA], 1, CONTENT, &["nonsense", BY_BOB, BY_ADA], Some(1)),
        ("no signature", &[ADA], 1, CONTENT, &[], None),
        ("another key", &[ADA], 1, CONTENT, &[BY_BOB], None),
        ("other bytes", &[ADA], 1, b"what is not signed\n", &[BY_ADA], None),
        ("a key in hardware", &[ADA, DOT], 1, CONTENT, &[BY_DOT], Some(1)),
        ("a key in hardware, other bytes", &[DOT], 1, b"what is not signed\n", &[BY_DOT], None),
        ("a key in hardware, another use of it", &[DOT], 1, CONTENT, &[UNTOUCHED], None),
        ("a second form of a signature", &[ADA], 1, CONTENT, &[MALLEATED], None),
        ("more than is signed", &[ADA], 1, CONTENT, &[RESERVED], None),
        ("for something else", &[ADA], 1, CONTENT, &[OF_GIT], None),
        ("one signature twice", &[ADA, BOB], 2, CONTENT, &[BY_ADA, BY_ADA], None),
        ("one key twice", &[ADA, &again, BOB], 2, CONTENT, &[BY_ADA], None),
        ("more than there are keys", &[ADA], 2, CONTENT, &[BY_ADA], None),
        ("no keys", &[], 1, CONTENT, &[BY_ADA], None),
    ] {
        let signatures: Vec<String> = signatures.iter().map(ToString::to_string).collect();
        let checked = check(content, &signatures, &policy(keys, threshold));
        assert_eq!(checked.as_ref().ok().map(Vec::len), who, "{case}: {checked:?}");
        if let Err(failure) = checked {
            assert!(failure.kind == Kind::Signature && failure.hint.is_some(), "{case}: {failure}");
        }
    }
}

#[test]
fn signatures_of_minisign_count_beside_those_of_ssh() {
    let pair = KeyPair::generate_unencrypted_keypair().expect("a key");
    let signed = |content: &[u8]| {
        minisign::sign(Some(&pair.pk), &pair.sk, content, None, None).expect("a signature").to_string()
    };
    let policy = policy(&[&pair.pk.to_base64(), ADA], 2);
    assert_eq!(check(CONTENT, &[signed(CONTENT), BY_ADA.to_owned()], &policy).map(|who| who.len()), Ok(2));
    for signatures in [vec![signed(CONTENT)], vec![signed(b"other"), BY_ADA.to_owned()], vec![BY_ADA.to_owned()]] {
        assert!(check(CONTENT, &signatures, &policy).is_err());
    }
    // The comment is signed as well.
    let forged = signed(CONTENT).replace("trusted comment: timestamp", "trusted comment: Timestamp");
    assert!(check(CONTENT, &[forged, BY_ADA.to_owned()], &policy).is_err());
}

#[test]
fn what_is_no_key_is_refused() {
    for line in ["", "RWQ", "ssh-ed25519", "ssh-ed25519 AAAA", CURVE, "untrusted comment: minisign public key"] {
        assert_eq!(line.parse::<Key>().expect_err(line).kind, Kind::Config, "{line}");
    }
}

#[test]
fn signatures_beside_a_file_are_found_by_number() {
    let there = ["f.minisig", "f.2.minisig", "f.4.minisig", "f.sig"];
    let mut asked = Vec::new();
    let found = beside("f", |name| {
        asked.push(name.to_owned());
        Ok::<_, ()>(there.contains(&name).then(|| name.to_owned()))
    });
    assert_eq!(found.expect("nothing fails"), ["f.minisig", "f.2.minisig", "f.sig"]);
    assert_eq!(asked, ["f.minisig", "f.2.minisig", "f.3.minisig", "f.sig", "f.2.sig"]);
}
