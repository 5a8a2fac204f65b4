//! What GPG and ssh-keygen said of a signature, held against the fingerprints that count. Pure.

/// How each line of GPG's begins (`doc/DETAILS` of GnuPG).
const STATUS: &str = "[GNUPG:] ";

/// Why this is not a good signature by one of `signers`. `good` is whether git thinks that it is.
pub(super) fn by(text: &str, good: bool, signers: &[String]) -> Result<(), String> {
    let status: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix(STATUS)).collect();
    let has = |word: &str| status.iter().any(|line| line.split(' ').next() == Some(word));
    for (word, why) in [
        ("BADSIG", "its signature is not over this content"),
        ("EXPKEYSIG", "the key that signed it has expired"),
        ("REVKEYSIG", "the key that signed it has been revoked"),
        ("EXPSIG", "its signature has expired"),
        ("NO_PUBKEY", "it is signed by a key that is not in the keyring"),
        ("ERRSIG", "its signature cannot be checked"),
    ] {
        if has(word) {
            return Err(why.to_owned());
        }
    }
    let valid: Vec<Vec<&str>> =
        status.iter().filter_map(|line| line.strip_prefix("VALIDSIG ")).map(|line| line.split(' ').collect()).collect();
    match &valid[..] {
        [fields] if good && has("GOODSIG") => {
            // The key that signed, and at the end the primary key that it belongs to.
            let keys = [fields.first(), fields.get(9)];
            return match keys.iter().flatten().any(|key| signers.iter().any(|signer| signer == *key)) {
                true => Ok(()),
                false => Err(format!("it is signed by {}, which is not listed", fields.last().unwrap_or(&"nobody"))),
            };
        }
        [] => {}
        _ => return Err("its signature does not count".to_owned()),
    }
    // `Good "git" signature for ada@example.org with ED25519 key SHA256:…`; without a principal the key is not allowed.
    let ssh = text.lines().find(|line| line.starts_with("Good \"git\" signature "));
    let fingerprint = ssh.and_then(|line| line.rsplit(' ').next()).filter(|print| print.starts_with("SHA256:"));
    match fingerprint {
        Some(print) if good && signers.iter().any(|signer| signer == print) => Ok(()),
        Some(print) => Err(format!("it is signed by {print}, which is not listed, or not allowed any more")),
        None if text.contains("incorrect signature") || text.contains("Could not verify signature") => {
            Err("its signature is not over this content, or by a key that is not allowed".to_owned())
        }
        None if text.trim().is_empty() || text.contains("no signature found") => Err("it is not signed".to_owned()),
        None => {
            let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
            Err(format!("its signature cannot be checked: {}", line.chars().take(200).collect::<String>()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::by;

    const FULL: &str = "8F7A6C1E2B3D4F5061728394A5B6C7D8E9F00112";
    const SUB: &str = "1111111111111111111111111111111111111111";
    const SSH: &str = "SHA256:zCTtuJTbTu0PxCuLMWHBGBFPi3WP+sJL8hpsmSIAkg8";

    fn gpg(words: &[&str], signer: &str, primary: &str) -> String {
        let valid = format!("[GNUPG:] VALIDSIG {signer} 2026-11-27 1 0 4 0 22 8 00 {primary}\n");
        words.iter().map(|word| format!("[GNUPG:] {word}\n")).collect::<String>() + &valid
    }

    #[test]
    fn only_a_good_signature_by_a_full_fingerprint_counts() {
        let signers = [FULL.to_owned(), SSH.to_owned()];
        let good = ["NEWSIG", "GOODSIG A5B6C7D8E9F00112 Ada <ada@example.org>"];
        let ssh = |key: &str| format!("Good \"git\" signature for ada@example.org with ED25519 key {key}\n");
        for (case, text, rc, counts) in [
            ("the key", gpg(&good, FULL, FULL), true, true),
            ("a subkey of the key", gpg(&good, SUB, FULL), true, true),
            ("another key of the keyring", gpg(&good, SUB, SUB), true, false),
            ("git does not agree", gpg(&good, FULL, FULL), false, false),
            ("expired", gpg(&["NEWSIG", "EXPKEYSIG A5B6C7D8E9F00112 Ada"], FULL, FULL), true, false),
            ("revoked", gpg(&["NEWSIG", "REVKEYSIG A5B6C7D8E9F00112 Ada"], FULL, FULL), true, false),
            ("an old signature", gpg(&["NEWSIG", "EXPSIG A5B6C7D8E9F00112 Ada"], FULL, FULL), true, false),
            ("tampered", "[GNUPG:] NEWSIG\n[GNUPG:] BADSIG A5B6C7D8E9F00112 Ada\n".to_owned(), true, false),
            ("two signatures", gpg(&good, FULL, FULL) + &gpg(&good, SUB, SUB), true, false),
            ("a good one and a bad one", gpg(&good, FULL, FULL) + "[GNUPG:] BADSIG 1 Eve\n", true, false),
            (
                "unknown key",
                "[GNUPG:] NEWSIG\n[GNUPG:] ERRSIG 1 22 8 00 1 9 -\n[GNUPG:] NO_PUBKEY 1\n".to_owned(),
                false,
                false,
            ),
            ("a name like a status", format!("[GNUPG:] GOODSIG 1 Eve VALIDSIG {FULL}\n"), true, false),
            ("a short fingerprint", gpg(&good, &FULL[24..], &FULL[24..]), true, false),
            ("nothing", String::new(), false, false),
            ("nothing, and git is content", String::new(), true, false),
            ("SSH", ssh(SSH), true, true),
            ("SSH, another key", ssh("SHA256:another"), true, false),
            (
                "SSH, no principal",
                format!("Good \"git\" signature with ED25519 key {SSH}\nNo principal matched.\n"),
                false,
                false,
            ),
        ] {
            assert_eq!(by(&text, rc, &signers).is_ok(), counts, "{case}: {:?}", by(&text, rc, &signers));
        }
    }
}
