//! The machine's own pip, which is asked what it makes of something: one Python that answers line by line.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Mutex, OnceLock},
};

use serde_json::Value;

/// The variables that Python and the reader under test both see, and no others.
pub const VARIABLES: &[(&str, &str)] =
    &[("HOST", "h.example"), ("NEST", "${HOST}"), ("LC_ALL", "C.UTF-8"), ("PIP_CONFIG_FILE", "/dev/null")];

/// Names a file to which Python adds a line with its seconds of CPU time when it ends: nobody waits for it then.
const CLOCK: &str = "MIRROR_FUZZ_CLOCK";
const BEGIN: &str = "import os\nclock = os.environ.pop('MIRROR_FUZZ_CLOCK', None)\n";
const END: &str = "
if clock:
    import time
    with open(clock, 'a') as file:
        file.write(f'{time.process_time():.0f}\\n')
";

struct Python {
    _child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// Has pip answer a question with a script that reads a line of JSON and prints one. `null` where pip refuses, or where
/// there is no Python with pip: then only our own reader is tried, which is said once.
pub fn ask(script: &str, question: &Value) -> Value {
    static PYTHON: OnceLock<Option<Mutex<Python>>> = OnceLock::new();
    let Some(python) = PYTHON.get_or_init(|| start(script)) else { return Value::Null };
    let mut python = python.lock().expect("nobody panics while holding it");
    writeln!(python.input, "{question}").expect("Python listens");
    let mut answer = String::new();
    python.output.read_line(&mut answer).expect("Python answers");
    serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: Python answered {answer:?}"))
}

fn start(script: &str) -> Option<Mutex<Python>> {
    let mut command = Command::new("python3");
    // Where to find it, and nothing else.
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.arg("-c").arg([BEGIN, script, END].concat()).env_clear().env("PATH", path);
    command.envs(VARIABLES.iter().copied()).envs(std::env::var_os(CLOCK).map(|file| (CLOCK, file)));
    command.env("_PIP_RUNNING_IN_SUBPROCESS", "1").env("HOME", "/nonexistent");
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let found = spawned.ok().and_then(|mut child| {
        let (input, output) = (child.stdin.take()?, child.stdout.take()?);
        let mut python = Python { _child: child, input, output: BufReader::new(output) };
        let mut ready = String::new();
        python.output.read_line(&mut ready).ok().filter(|_| ready == "ready\n")?;
        Some(Mutex::new(python))
    });
    if found.is_none() {
        eprintln!("there is no python3 with pip here: nothing is compared");
    }
    found
}
