# What the machine's pip makes of a command line: a line with its words in, a line with what it chose out.
import contextlib, io, json, sys
from pip._internal.cli.main_parser import parse_command
from pip._internal.commands import create_command

print("ready", flush=True)
for line in sys.stdin:
    words = json.loads(line)
    answer = None
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            name, rest = parse_command(list(words))
            command = create_command(name, isolated="--isolated" in rest)
            options, positional = command.parser.parse_args(rest)
            default = command.parser.get_default_values()
            if hasattr(options, "index_url"):
                # A value that is the default's own, given or not, says nothing.
                given = lambda key: getattr(options, key) if getattr(options, key) != getattr(default, key) else None
                answer = dict(
                    command=name,
                    index=given("index_url"),
                    none=options.no_index,
                    extra=options.extra_index_urls,
                    requirements=getattr(options, "requirements", []),
                    constraints=getattr(options, "constraints", []),
                    rest=positional,
                    proxy=given("proxy"),
                    cert=given("cert"),
                )
            else:
                answer = dict(command=None)
        except SystemExit as end:
            answer = dict(command=None) if not end.code else None
        except BaseException:
            pass
    print(json.dumps(answer), flush=True)
