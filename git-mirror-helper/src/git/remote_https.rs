//! `git remote-https`, started for upstream: git's own helper, with all that is the user's.
//!
//! Asked to connect, it turns out to speak protocol v2, or it offers to lead the conversation in its own way: with servers of
//! protocol v0 and v1, and with those that serve plain files.

use std::{
    io::{self, BufReader, Read, Write},
    process::{Child, ChildStdin, ChildStdout, Stdio},
    sync::mpsc::channel,
    thread,
    time::Duration,
};

use mirror_config::{
    errors::Fault,
    git::{Advertisement, Packets, program},
    model::Address,
    system::{Environment, child},
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
    /// Starts it. With `holds_back`, what it says to people is for later.
    ///
    /// # Errors
    ///
    /// [`Fault::Local`] when it cannot be started.
    pub fn start(env: &Environment, remote: &str, upstream: &Address, holds_back: bool) -> Result<Self, Fault> {
        let mut command = program::remote_https(env, remote, upstream);
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

    /// Has it connect, within this time if there is a limit: git itself waits for ever.
    ///
    /// # Errors
    ///
    /// [`Fault::Said`] when it cannot, [`Fault::Timeout`]; it has said the details on standard error.
    pub fn connect(mut self, longest: Option<Duration>) -> Result<Opened, Fault> {
        let local = |error: io::Error| Fault::Local(error.to_string());
        self.stdin.write_all(b"stateless-connect git-upload-pack\n").map_err(local)?;
        let Self { mut child, stdin, stdout, words } = self;
        let (sender, receiver) = channel();
        let hear = move || {
            let mut stdout = stdout;
            let mut line = Vec::new();
            let mut byte = [0];
            while line.last() != Some(&b'\n') && stdout.read(&mut byte).is_ok_and(|count| count == 1) {
                line.push(byte[0]);
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
            Some(_) => Fault::Said("git could not connect".to_owned()),
            None => Fault::Timeout,
        };
        child::end(&mut child);
        Err(fault)
    }
}
