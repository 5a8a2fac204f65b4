//! Listens to the journal for a person: warnings, how it went, and a line of progress while bytes arrive.

use mirror_config::report::{Event, Listener, went_on};

use super::{
    lines::{say, warn},
    progress::Line,
};
use crate::git::Options;

/// A listener that says what git wants to be said. Progress is shown on a terminal only.
pub fn listener(options: &Options, is_terminal: bool) -> Listener {
    let (shown, verbose) = (options.progress && is_terminal, options.verbosity > 1);
    let mut line: Option<Line> = None;
    Box::new(move |event| match event {
        Event::Warned(text) => warn(text),
        Event::Told(text) => say(text),
        // Said at once where somebody seems to lie; other faults are told in the end, if nobody else could serve.
        Event::Failed(source, fault) if fault.is_deceit() => warn(&went_on(&source.name, fault)),
        Event::Receiving(look) if shown => drop(line.replace(Line::start(verbose, look))),
        Event::Received => drop(line.take()),
        _ => {}
    })
}
