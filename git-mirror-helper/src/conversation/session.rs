//! The conversation with git: its lines in, our answers out. Standard output is written here and nowhere else.

use std::io::{self, BufRead, IsTerminal, Write};

use mirror_config::{
    errors::{Failure, Kind},
    git::{Packet, Packets},
    model::Ref,
    system::state,
    trust::Trust,
};

use super::delegate;
use crate::{
    answer::{fetch, upstream},
    authority::{Authority, identity, signers::verify},
    git::{CAPABILITIES, Command, Request},
    run::{Context, upstream_name},
    transfer::Field,
};

/// Serves git until it has nothing more to say; returns the exit code.
///
/// # Errors
///
/// What ended the conversation early.
pub fn serve(context: &mut Context) -> Result<u8, Failure> {
    let mut stdout = io::stdout();
    loop {
        // The lock is not kept: whoever the conversation is handed to reads on from here.
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line).map_err(|error| Failure::new(Kind::Io, error.to_string()))?;
        match Command::parse(&line) {
            Command::End => return Ok(0),
            Command::Option(line) => say(&mut stdout, context.options.note(&line).as_bytes())?,
            Command::Capabilities => say(&mut stdout, CAPABILITIES.as_bytes())?,
            Command::ConnectOther => say(&mut stdout, b"fallback\n")?,
            Command::ConnectUploadPack => match Authority::find(context)? {
                None => {
                    only_upstream_leads(context)?;
                    verify::refuse_unseen(context)?;
                    say(&mut stdout, b"fallback\n")?;
                }
                Some(authority) => {
                    return upload_pack(context, authority, io::stdin().lock(), stdout.lock()).map(|()| 0);
                }
            },
            Command::Relayed(first) => {
                let pushes = first.contains("push");
                context.diary.report.operation = if pushes { "push" } else { "relay" }.to_owned();
                if !pushes {
                    only_upstream_leads(context)?;
                    verify::refuse_unseen(context)?;
                }
                return delegate::hand_over(context, &first);
            }
        }
    }
}

/// Refuses what only upstream leads, where the project has fixed what is delivered.
fn only_upstream_leads(context: &Context) -> Result<(), Failure> {
    let trust = context.select.config.git.trust.value;
    match &context.pinned {
        None if trust < Trust::Pinned => Ok(()),
        _ => Err(Failure::new(
            Kind::Unpinned,
            format!("{}: protocol versions 0 and 1 cannot be held to a pin", context.repository),
        )
        .hint("git -c protocol.version=2 …, and an upstream that speaks it")),
    }
}

/// Takes git's first line and leaves it unanswered. git begins with `capabilities` whoever listens: were nobody there
/// any more, it would die of SIGPIPE instead of ending with 128.
pub fn hear_out() {
    if !io::stdin().is_terminal() {
        // Nothing more can go wrong: the failure is about to be told.
        let _ = io::stdin().lock().read_line(&mut String::new());
    }
}

/// Protocol v2: requests in, answers out, until git closes its side.
fn upload_pack(
    context: &mut Context,
    mut authority: Authority,
    stdin: impl BufRead,
    mut stdout: impl Write,
) -> Result<(), Failure> {
    say(&mut stdout, b"\n")?;
    // Where a ref is asked for by name, its commit is not known before it is delivered.
    let hidden: &[&str] = if context.signers().is_some() { &["ref-in-want"] } else { &[] };
    say(&mut stdout, &authority.advertisement().packets(hidden))?;
    let mut stdin = Packets::new(stdin);
    let mut refs: Vec<Ref> = Vec::new();
    let mut field: Option<Field> = None;
    let mut fetched = false;
    if let Some(pinned) = &context.pinned {
        crate::terminal::say(&format!("{} is pinned by {}", context.repository, pinned.file.display()));
    }
    while let Some(request) =
        Request::read(&mut stdin).map_err(|error| Failure::new(Kind::Io, format!("git: {error}")))?
    {
        let mut out = io::BufWriter::with_capacity(0x4_0000, &mut stdout);
        let mut landed = None;
        match request.command.as_str() {
            "ls-refs" => {
                // Who names prefixes is going to fetch: time to call the best mirror while upstream answers.
                if !request.prefixes().is_empty() {
                    field.get_or_insert_with(|| Field::new(context, &authority));
                }
                context.diary.report.operation = "ls-refs".to_owned();
                refs = authority.refs(context, &request)?;
                say_whose_word(context, &authority);
                write_refs(&refs, &mut out).map_err(|error| upstream::git_is_gone(&error))?;
            }
            "fetch" => {
                let field = field.get_or_insert_with(|| Field::new(context, &authority));
                landed = fetch::answer(context, &mut authority, field, &refs, &request, &mut out)?;
                fetched = true;
            }
            _ => upstream::from_upstream(context, &mut authority, &request.to_bytes(), &mut out)?,
        }
        Packet::ResponseEnd
            .write(&mut out)
            .and_then(|()| out.flush())
            .map_err(|error| upstream::git_is_gone(&error))?;
        drop(out);
        if let Some(store) = landed {
            identity::remember(context, &authority, &store, &refs);
        }
    }
    // git has closed its side, so nothing more is missing.
    if fetched {
        authority.settle(context);
    }
    if let Some(note) = context.select.config.list.note.as_ref().filter(|_| fetched && context.options.verbosity > 0) {
        crate::terminal::warn(note);
    }
    // A lazy fetch of a few objects (without refs) is not worth a line.
    let sources = &context.diary.report.sources;
    let name = upstream_name(&context.repository);
    let by_upstream = !sources.is_empty() && sources.iter().all(|source| source.name == name);
    if fetched && !refs.is_empty() && !by_upstream && context.options.verbosity > 0 {
        crate::terminal::say(&summary(context));
    }
    Ok(())
}

fn write_refs(refs: &[Ref], out: &mut dyn Write) -> io::Result<()> {
    for found in refs {
        Packet::Data(format!("{found}\n").as_bytes()).write(&mut *out)?;
    }
    Packet::Flush.write(out)
}

/// When mirrors speak for upstream, that is said, with the age of what they say.
fn say_whose_word(context: &Context, authority: &Authority) {
    let (Some(fault), None) = (&authority.silence, &context.pinned) else { return };
    let verdict = context.diary.report.verdict.as_deref().unwrap_or("nobody");
    let voices = context.diary.report.evidence.iter().map(|e| e.who.as_str());
    let voices: Vec<&str> = voices.filter(|who| !who.starts_with("upstream:")).collect();
    let word = if verdict == Trust::Upstream.to_string() { "trusted mirror" } else { verdict };
    crate::terminal::say(&format!(
        "upstream {} {fault}; refs by {word} of {} ({})",
        context.repository.upstream,
        voices.join(", "),
        authority.newest.words(state::now())
    ));
}

/// Who carried what, and on whose word.
fn summary(context: &Context) -> String {
    let happened = &context.diary.report;
    let carried = happened.carried();
    let carried = match carried.is_empty() {
        true => "nothing to carry: all was here".to_owned(),
        false => format!("{carried} in {}", mirror_config::message::span(context.diary.elapsed())),
    };
    format!("{carried}; refs by {}", happened.verdict.as_deref().unwrap_or("request"))
}

fn say(out: &mut impl Write, bytes: &[u8]) -> Result<(), Failure> {
    out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| upstream::git_is_gone(&error))
}
