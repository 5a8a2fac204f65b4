//! What a git server does to requests and answers so that it lies well: the protocol stays whole, the content does not.
//!
//! Pure: bytes in, bytes out. Packet lines by gitprotocol-common(5), requests and answers by gitprotocol-v2(5).

/// How a server lies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forgery {
    /// Answers fetches as if the client had asked for this filter, such as `blob:none`.
    pub filter: Option<String>,
    /// Who wants the first of these objects gets the second.
    pub instead: Option<(String, String)>,
    /// Further lines of `ls-refs`, such as `OID refs/heads/main`.
    pub lines: Vec<String>,
}

impl Forgery {
    /// Whether there is nothing to do.
    pub(crate) fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The body of a request as the server takes it.
    pub(crate) fn request(&self, body: &[u8]) -> Vec<u8> {
        let mut body = body.to_vec();
        if let Some((asked, given)) = &self.instead {
            body = replaced(&body, asked.as_bytes(), given.as_bytes());
        }
        if let Some(filter) = &self.filter
            && says(&body, b"command=fetch")
            && !says(&body, b"filter ")
            && body.ends_with(b"0000")
        {
            body.truncate(body.len() - 4);
            body.extend(packet(&format!("filter {filter}\n")));
            body.extend(b"0000");
        }
        body
    }

    /// The answer to `ls-refs` as the server gives it.
    pub(crate) fn refs(&self, answer: &[u8]) -> Vec<u8> {
        let Some(refs) = answer.strip_suffix(b"0000") else { return answer.to_vec() };
        let lines = self.lines.iter().flat_map(|line| packet(&format!("{line}\n")));
        refs.iter().copied().chain(lines).chain(*b"0000").collect()
    }
}

/// A packet line.
pub(crate) fn packet(text: &str) -> Vec<u8> {
    format!("{:04x}{text}", text.len() + 4).into_bytes()
}

fn says(body: &[u8], words: &[u8]) -> bool {
    body.windows(words.len()).any(|window| window == words)
}

/// Each occurrence of some bytes replaced by as many others.
fn replaced(body: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut body = body.to_vec();
    let mut at = 0;
    while old.len() == new.len() && at + old.len() <= body.len() {
        if body[at..].starts_with(old) {
            body[at..at + old.len()].copy_from_slice(new);
        }
        at += 1;
    }
    body
}

#[cfg(test)]
mod tests {
    use super::{Forgery, packet};

    #[test]
    fn requests_and_answers_stay_whole() {
        let body = [packet("command=fetch"), b"0001".to_vec(), packet("want aa\n"), packet("done\n"), b"0000".to_vec()];
        let forgery = Forgery {
            filter: Some("blob:none".to_owned()),
            instead: Some(("aa".to_owned(), "bb".to_owned())),
            lines: vec!["bb refs/heads/extra".to_owned()],
        };
        let text = String::from_utf8(forgery.request(&body.concat())).expect("text");
        assert_eq!(text, "0011command=fetch0001000cwant bb\n0009done\n0015filter blob:none\n0000");
        assert_eq!(forgery.refs(b"0000"), b"0018bb refs/heads/extra\n0000");
        assert!(!forgery.is_none() && Forgery::default().is_none());
    }
}
