//! Names of files, variables and arguments as the bytes that git writes, and back. Exact on Unix, where they are bytes;
//! elsewhere they are text, and so is what git writes there.

use std::ffi::OsString;

/// The name that these bytes are.
#[cfg(unix)]
pub fn os_string(bytes: Vec<u8>) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes)
}

/// The name that these bytes are.
#[cfg(not(unix))]
pub fn os_string(bytes: Vec<u8>) -> OsString {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

#[cfg(all(test, unix))]
mod tests {
    use super::os_string;

    #[test]
    fn names_are_their_bytes() {
        for bytes in [&b"/tmp/\xb9\xa6"[..], b"caf\xe9", "café".as_bytes(), b""] {
            assert_eq!(os_string(bytes.to_vec()).as_encoded_bytes(), bytes);
        }
    }
}
