//! `git remote-https`, started for upstream: git's own helper, with all that is the user's.
//!
//! Asked to connect, it turns out to speak protocol v2, or it offers to lead the conversation in its own way: with servers of
//! protocol v0 and v1, and with those that serve plain files.

use std::{
    io::{self, BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::mpsc::channel,
    thread,
    time::Duration,
};

use mirror_config::{
    errors::Fault,
    git::{Advertisement, Packets},
    system::child,
};

use super::{held_back::HeldBack, upload_pack_child::UploadPack};

/// What it says instead of connecting (gitremote-helpers(7), `stateless-connect`).
const FALLBACK: &[u8] = b"fallback\n";

/// git's own helper, before anything was agreed on with it.
#[derive(Debug)]
pub struct RemoteHttps {
    /// The child.
    pub child: Child,
    /// What is said to it.
    pub stdin: ChildStdin,
    /// What it says.
    pub stdout: BufReader<ChildStdout>,
    /// What it says to people, if that is held back.
    pub words: Option<HeldBack>,
}

/// What became of connecting.
#[derive(Debug)]
pub enum Opened {
    /// It speaks protocol v2.
    UploadPack(Box<UploadPack>),
    /// It can lead the conversation, in git's older ways.
    Leads(Box<RemoteHttps>),
}

impl RemoteHttps {
    /// Starts it, by this command. With `holds_back`, what it says to people is for later.
    ///
    /// # Errors
    ///
    /// [`Fault::Local`] when it cannot be started.
    pub fn start(mut command: Command, holds_back: bool) -> Result<Self, Fault> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        if holds_back {
            command.stderr(Stdio::piped());
        }
        let mut child = command.spawn().map_err(|error| Fault::Local(format!("`git` cannot be started: {error}")))?;
        let no_pipes = || Fault::Local("a child without pipes".to_owned());
        let (stdin, stdout) = child.stdin.take().zip(child.stdout.take()).ok_or_else(no_pipes)?;
        let words = child.stderr.take().map(HeldBack::of);
        Ok(Self { child, stdin, stdout: BufReader::with_capacity(0x1_0000, stdout), words })
    }

    /// Has it connect after it has heard these options, within this time if there is a limit: git itself waits for ever.
    ///
    /// # Errors
    ///
    /// [`Fault::Said`] when it cannot, [`Fault::Timeout`]; it has said the details on standard error, and they are the text
    /// where that is held back.
    pub fn connect(mut self, options: &[Vec<u8>], longest: Option<Duration>) -> Result<Opened, Fault> {
        let local = |error: io::Error| Fault::Local(error.to_string());
        let lines = options.iter().map(Vec::as_slice).chain([&b"stateless-connect git-upload-pack"[..]]);
        let opening = lines.flat_map(|line| [line, b"\n"]).collect::<Vec<_>>().concat();
        self.stdin.write_all(&opening).map_err(local)?;
        let Self { mut child, stdin, stdout, words } = self;
        let (sender, receiver) = channel();
        let answers = options.len() + 1;
        let hear = move || {
            let mut stdout = stdout;
            let mut line = Vec::new();
            for _ in 0..answers {
                line.clear();
                // What breaks off is no answer.
                let _ = stdout.read_until(b'\n', &mut line);
            }
            // It comes too late where nobody listens.
            let _ = sender.send((line, stdout));
        };
        let heard = match longest {
            Some(longest) => {
                thread::spawn(hear);
                receiver.recv_timeout(longest).ok()
            }
            None => {
                hear();
                receiver.recv().ok()
            }
        };
        let fault = match heard {
            Some((line, stdout)) if line == b"\n" => {
                let mut packets = Packets::new(stdout);
                match Advertisement::read(&mut packets) {
                    Ok(advertisement) => {
                        let connected = UploadPack::connected(child, stdin, packets, advertisement, words);
                        return Ok(Opened::UploadPack(Box::new(connected)));
                    }
                    Err(fault) => fault,
                }
            }
            Some((line, stdout)) if line == FALLBACK => {
                return Ok(Opened::Leads(Box::new(Self { child, stdin, stdout, words })));
            }
            Some(_) => Fault::Said(words.as_ref().map_or_else(|| "git could not connect".to_owned(), HeldBack::said)),
            None => Fault::Timeout,
        };
        child::end(&mut child);
        Err(fault)
    }
}
