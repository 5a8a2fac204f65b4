//! git's own programs as children: `git remote-https` for what needs the user's credentials, `git upload-pack` for an
//! upstream on this machine's disks, or for a store.
//!
//! A child inherits the user's configuration and credentials, so it only ever talks to upstream; that of a store has none.
//! It ends with us: it is told to when git goes away, and its standard input closes when this process dies, however that
//! happens.

use std::{
    ffi::OsStr,
    io::{BufReader, Read, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use mirror_config::{
    errors::Fault,
    git::{Advertisement, Packet, Packets, program},
    system::{Environment, child},
};

/// How long a child that has nothing to do is waited for, and between two looks.
const MOMENT: [Duration; 2] = [Duration::from_millis(500), Duration::from_millis(5)];

/// A child that has answered `stateless-connect`, or speaks protocol v2 by itself.
#[derive(Debug)]
pub struct UploadPack {
    child: Child,
    /// Closed first, which is how git ends a conversation.
    stdin: Option<ChildStdin>,
    /// An answer is on its way.
    busy: bool,
    stdout: Packets<BufReader<ChildStdout>>,
    /// `git remote-https` closes each answer with `0002`.
    response_end: bool,
    /// What it can do.
    pub advertisement: Advertisement,
}

impl UploadPack {
    /// Connects to an upstream at this address, as it was written, with the user's own credentials and settings.
    ///
    /// # Errors
    ///
    /// [`Fault::NotAMirror`] when the server speaks an older protocol, else what kept the child from connecting; it has
    /// said the details on standard error.
    pub fn https(env: &Environment, remote: &OsStr, url: &OsStr) -> Result<Self, Fault> {
        let mut child = spawn(&mut program::remote_https(env, remote, url))?;
        let (mut stdin, stdout) = pipes(&mut child)?;
        let mut stdout = BufReader::with_capacity(0x1_0000, stdout);
        stdin.write_all(b"stateless-connect git-upload-pack\n").map_err(|error| local(&error))?;
        let mut answer = Vec::new();
        while answer.last() != Some(&b'\n') {
            let mut byte = [0];
            if stdout.read(&mut byte).map_err(|error| local(&error))? == 0 {
                return Err(Fault::Said("git could not connect".to_owned()));
            }
            answer.push(byte[0]);
        }
        if answer != b"\n" {
            return Err(Fault::NotAMirror("it does not speak protocol version 2".to_owned()));
        }
        let mut stdout = Packets::new(stdout);
        let advertisement = Advertisement::read(&mut stdout)?;
        Ok(Self { child, stdin: Some(stdin), busy: false, stdout, response_end: true, advertisement })
    }

    /// Opens a repository on this machine's disks.
    ///
    /// # Errors
    ///
    /// What kept the child from starting.
    pub fn file(path: &Path) -> Result<Self, Fault> {
        Self::local(&mut program::upload_pack(path))
    }

    /// Opens a repository of our own making, which has a store's objects.
    ///
    /// # Errors
    ///
    /// What kept the child from starting.
    pub fn store(folder: &Path) -> Result<Self, Fault> {
        Self::local(&mut program::upload_pack_of_store(folder))
    }

    fn local(command: &mut Command) -> Result<Self, Fault> {
        let mut child = spawn(command)?;
        let (stdin, stdout) = pipes(&mut child)?;
        let mut stdout = Packets::new(BufReader::with_capacity(0x1_0000, stdout));
        let advertisement = Advertisement::read(&mut stdout)?;
        Ok(Self { child, stdin: Some(stdin), busy: false, stdout, response_end: false, advertisement })
    }

    /// Sends a request and hands each packet of the answer, its closing flush included, to `sink`.
    ///
    /// # Errors
    ///
    /// [`Fault::Cut`] when the child ends before the answer does, and what `sink` returns.
    pub fn command(&mut self, body: &[u8], sink: &mut dyn FnMut(Packet<'_>) -> Result<(), Fault>) -> Result<(), Fault> {
        let stdin = self.stdin.as_mut().ok_or(Fault::Cut)?;
        stdin.write_all(body).and_then(|()| stdin.flush()).map_err(|_| Fault::Cut)?;
        self.busy = true;
        loop {
            let packet = self.stdout.next_packet().map_err(|error| Fault::from_io(&error))?.ok_or(Fault::Cut)?;
            match packet {
                Packet::ResponseEnd => {
                    self.busy = false;
                    return Ok(());
                }
                Packet::Flush if !self.response_end => {
                    self.busy = false;
                    return sink(packet);
                }
                _ => sink(packet)?,
            }
        }
    }
}

impl Drop for UploadPack {
    fn drop(&mut self) {
        self.stdin.take();
        // One that was told to end before it did would say so. In the middle of a transfer it would go on, and with it the
        // one that git starts for it.
        let since = Instant::now();
        while !self.busy && since.elapsed() < MOMENT[0] && matches!(self.child.try_wait(), Ok(None)) {
            thread::sleep(MOMENT[1]);
        }
        child::end(&mut self.child);
    }
}

fn spawn(command: &mut Command) -> Result<Child, Fault> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| Fault::Local(format!("`git` cannot be started: {error}")))
}

fn pipes(child: &mut Child) -> Result<(ChildStdin, ChildStdout), Fault> {
    child.stdin.take().zip(child.stdout.take()).ok_or_else(|| Fault::Local("a child without pipes".to_owned()))
}

fn local(error: &std::io::Error) -> Fault {
    Fault::Local(error.to_string())
}
