//! The conversation with git: its lines in, our answers out. Standard output is written here and nowhere else.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    time::Duration,
};

use mirror_config::{
    errors::{Failure, Kind},
    git::{Packet, Packets},
    model::Ref,
    report::{Event, Report},
    system::state,
};

use super::{
    delegate,
    listening::{self, Listening},
};
use crate::{
    answer::{Answer, upstream},
    authority::{Authority, Found, identity},
    git::{CAPABILITIES, Command, Request},
    objects::placing::Leftover,
    run::Run,
    terminal,
    transfer::Mirrors,
};

/// A conversation in git's older protocol, and what to do where it is refused.
const OLDER: &str = "what comes in git's older protocol (versions 0 and 1)";
const NEWER: &str = "git -c protocol.version=2 …, and an upstream that speaks it";

/// Serves git until it has nothing more to say; returns the exit code.
///
/// # Errors
///
/// What ended the conversation early.
pub fn serve(run: &mut Run, git: &Listening) -> Result<u8, Failure> {
    let mut stdout = io::stdout();
    // git's own helper, where it has been asked already and is to lead.
    let mut leading = None;
    loop {
        // The lock is not kept: whoever the conversation is handed to reads on from here.
        let mut line = Vec::new();
        io::stdin().lock().read_until(b'\n', &mut line).map_err(|error| Failure::new(Kind::Io, error.to_string()))?;
        match Command::parse(&line) {
            Command::End => return Ok(0),
            Command::Option(line) => say(&mut stdout, run.options.note(&line).as_bytes())?,
            Command::Capabilities => say(&mut stdout, CAPABILITIES.as_bytes())?,
            Command::ConnectOther => say(&mut stdout, b"fallback\n")?,
            Command::ConnectUploadPack => {
                // All options have come.
                run.options.family.into_iter().for_each(|family| run.select.http.go_by(family));
                run.journal.listen(terminal::listener(&run.options, run.env.stderr_is_terminal()));
                let answering = git.answering();
                run.journal.note(Event::Waits);
                let found = Authority::find(run)?;
                run.journal.note(Event::Served);
                drop(answering);
                match found {
                    Found::Older(child) => {
                        run.refuse_unseen(OLDER, NEWER)?;
                        leading = Some(child);
                        say(&mut stdout, b"fallback\n")?;
                    }
                    Found::Authority(authority) => {
                        return upload_pack(*authority, git, io::stdin().lock(), stdout.lock()).map(|()| 0);
                    }
                }
            }
            // Only upstream makes archives, and nobody could look into them.
            Command::ConnectUploadArchive(first) => {
                run.journal.note(Event::Is("archive"));
                run.refuse_unseen("an archive that upstream makes", "clone it, and `git archive` there")?;
                return delegate::hand_over(run, git, &first, None);
            }
            Command::Relayed(first) => {
                let pushes = first.windows(4).any(|word| word == b"push");
                run.journal.note(Event::Is(if pushes { "push" } else { "relay" }));
                if !pushes {
                    run.refuse_unseen(OLDER, NEWER)?;
                }
                return delegate::hand_over(run, git, &first, leading);
            }
        }
    }
}

/// Takes git's first line and leaves it unanswered. git begins with `capabilities` whoever listens: were nobody there
/// any more, it would die of SIGPIPE instead of ending with 128.
pub fn hear_out() {
    if !io::stdin().is_terminal() {
        // Nothing more can go wrong: the failure is about to be told.
        let _ = io::stdin().lock().read_until(b'\n', &mut Vec::new());
    }
}

/// Protocol v2: requests in, answers out, until git closes its side.
fn upload_pack(
    mut authority: Authority<'_>,
    git: &Listening,
    stdin: impl BufRead,
    mut stdout: impl Write,
) -> Result<(), Failure> {
    let run = authority.run;
    say(&mut stdout, b"\n")?;
    // Where a ref is asked for by name, its commit is not known before it is delivered.
    let hidden: &[&str] = if run.signers().is_some() { &["ref-in-want"] } else { &[] };
    say(&mut stdout, &authority.advertisement().packets(hidden))?;
    let mut stdin = Packets::new(stdin);
    let mut refs: Vec<Ref> = Vec::new();
    let mut mirrors: Option<Mirrors<'_>> = None;
    let mut fetched = false;
    let mut leftovers = Vec::new();
    if let Some(pinned) = &run.pinned {
        run.journal.tell(format!("{} is pinned by {}", run.repository, pinned.file.display()));
    }
    while let Some(request) =
        Request::read(&mut stdin).map_err(|error| Failure::new(Kind::Io, format!("git: {error}")))?
    {
        let answering = git.answering();
        run.journal.note(Event::Waits);
        let mut out = io::BufWriter::with_capacity(0x4_0000, &mut stdout);
        let mut landed = None;
        match request.command.as_str() {
            "ls-refs" => {
                // Who names prefixes is going to fetch: time to call the best mirror while upstream answers.
                if !request.prefixes().is_empty() {
                    mirrors.get_or_insert_with(|| Mirrors::new(&authority));
                }
                run.journal.note(Event::Is("ls-refs"));
                let before = (authority.is_upstream(), authority.private);
                refs = authority.refs(&request)?;
                if before != (authority.is_upstream(), authority.private) {
                    // They are called anew, as those who speak and who have nobody behind them, or as those who may hear.
                    mirrors = None;
                }
                say_whose_word(&authority);
                write_refs(&refs, &mut out).map_err(|error| upstream::git_is_gone(&error))?;
            }
            "fetch" => {
                let mirrors = mirrors.get_or_insert_with(|| Mirrors::new(&authority));
                let authority = &mut authority;
                let leftovers = &mut leftovers;
                let answer = Answer { authority, mirrors, refs: &refs, request: &request, out: &mut out, leftovers };
                landed = answer.give()?;
                fetched = true;
            }
            _ => upstream::from_upstream(&mut authority, &request.to_bytes(), &mut out)?,
        }
        run.journal.note(Event::Served);
        drop(answering);
        Packet::ResponseEnd
            .write(&mut out)
            .and_then(|()| out.flush())
            .map_err(|error| upstream::git_is_gone(&error))?;
        drop(out);
        if let Some(store) = landed {
            identity::remember(&authority, &store, &refs);
        }
    }
    Leftover::take_all_away(leftovers, listening::is_deserted);
    if fetched {
        authority.settle();
    }
    if let Some(note) = run.select.config.list.note.as_ref().filter(|_| fetched && run.options.verbosity > 0) {
        run.journal.warn(note.as_str());
    }
    // A lazy fetch of a few objects (without refs) is not worth a line.
    let happened = run.journal.report();
    let sources = &happened.sources;
    let by_upstream = !sources.is_empty() && sources.iter().all(|source| source.name == run.upstream.name);
    if fetched && !refs.is_empty() && !by_upstream && run.options.verbosity > 0 {
        run.journal.tell(summary(&happened, run.journal.elapsed()));
    }
    Ok(())
}

fn write_refs(refs: &[Ref], out: &mut dyn Write) -> io::Result<()> {
    for found in refs {
        Packet::Data(&[found.line().as_slice(), b"\n"].concat()).write(&mut *out)?;
    }
    Packet::Flush.write(out)
}

/// When others speak for upstream, that is said, with the age of what they say.
fn say_whose_word(authority: &Authority<'_>) {
    let run = authority.run;
    if let (Some(fault), Some(word), None) = (&authority.silence, &authority.word, &run.pinned) {
        let sentence = word.sentence(&run.repository, state::now());
        run.journal.tell(format!("upstream {} {fault}; {sentence}", run.repository.upstream));
    }
}

/// Who carried what in which time, and on whose word.
fn summary(happened: &Report, time: Duration) -> String {
    let carried = happened.carried();
    let carried = match carried.is_empty() {
        true => "nothing to carry: all was here".to_owned(),
        false => format!("{carried} in {}", mirror_config::message::span(time)),
    };
    let verdict = happened.verdict.map_or_else(|| "request".to_owned(), |trust| trust.to_string());
    format!("{carried}; refs by {verdict}")
}

fn say(out: &mut impl Write, bytes: &[u8]) -> Result<(), Failure> {
    out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| upstream::git_is_gone(&error))
}
