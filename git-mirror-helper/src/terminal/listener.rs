//! Listens to the journal for a person, or a program: warnings, how it went, and how it gets on while git waits.

use std::time::Instant;

use mirror_config::report::{Event, Listener, Look, went_on};

use super::{
    lines::{say, warn},
    pipe::Pipe,
    progress::Line,
};
use crate::git::Options;

/// A listener that says what git wants to be said. How it gets on is one line of a terminal, or lines as git writes them for
/// programs (`--progress` without a terminal).
pub fn listener(options: &Options, is_terminal: bool) -> Listener {
    let mut getting_on: Box<dyn GetsOn> = match (options.progress, is_terminal) {
        (true, true) => Box::new(Terminal { verbose: options.verbosity > 1, ..Terminal::default() }),
        (true, false) => Box::new(Pipe::start()),
        (false, _) => Box::new(Nothing),
    };
    Box::new(move |event| {
        let text: Box<dyn Fn()> = match event {
            Event::Warned(text) => Box::new(|| warn(text)),
            Event::Told(text) => Box::new(|| say(text)),
            // Said at once where somebody seems to lie; other faults are told in the end, if nobody else could serve.
            Event::Failed(source, fault) if fault.is_deceit() => {
                let text = went_on(&source.name, fault);
                Box::new(move || warn(&text))
            }
            event => return getting_on.hear(event),
        };
        getting_on.aside(&*text);
    })
}

/// What shows how a run gets on.
trait GetsOn: Send {
    /// Something happened.
    fn hear(&mut self, event: &Event);
    /// Something else is said meanwhile.
    fn aside(&mut self, say: &dyn Fn());
}

/// git wants nothing to be shown.
struct Nothing;

impl GetsOn for Nothing {
    fn hear(&mut self, _: &Event) {}

    fn aside(&mut self, say: &dyn Fn()) {
        say();
    }
}

/// One line of a terminal.
#[derive(Default)]
struct Terminal {
    verbose: bool,
    /// Somebody else may ask for something there.
    is_taken: bool,
    waits: Option<Instant>,
    look: Option<Look>,
    line: Option<Line>,
}

impl Terminal {
    fn show(&mut self) {
        // What is shown goes first.
        self.line = None;
        self.line = match (&self.look, self.waits) {
            (Some(look), _) => Some(Line::receiving(self.verbose, look)),
            (None, Some(since)) if !self.is_taken => Some(Line::waiting(since)),
            _ => None,
        };
    }
}

impl GetsOn for Terminal {
    fn hear(&mut self, event: &Event) {
        match event {
            Event::Waits => self.waits = Some(Instant::now()),
            Event::Prompts => self.is_taken = true,
            Event::Receiving(look) => self.look = Some(Look::clone(look)),
            // What is here lands, which nobody has to wait for long.
            Event::Received | Event::Served | Event::Unserved => (self.waits, self.look) = (None, None),
            _ => return,
        }
        self.show();
    }

    fn aside(&mut self, say: &dyn Fn()) {
        self.line = None;
        say();
        self.show();
    }
}

impl GetsOn for Pipe {
    fn hear(&mut self, event: &Event) {
        self.tell(|lines, now| match event {
            Event::Waits => {
                lines.wait(now);
                String::new()
            }
            Event::Receiving(look) => lines.receive(look),
            Event::Received => {
                lines.received(now);
                String::new()
            }
            Event::Served => lines.served(now, true),
            Event::Unserved => lines.served(now, false),
            _ => String::new(),
        });
    }

    fn aside(&mut self, say: &dyn Fn()) {
        self.tell(|lines, _| lines.end());
        say();
    }
}
