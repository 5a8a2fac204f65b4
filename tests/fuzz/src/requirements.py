# Which indexes the machine's pip finds in requirements files: a line with the files' bytes in, a line with a list out.
import json, os, sys
from pip._internal.models.format_control import FormatControl
from pip._internal.models.search_scope import SearchScope
from pip._internal.req import req_file

files = {}


class Finder:
    def __init__(self):
        self.format_control = FormatControl()
        self.release_control = None
        try:
            self.search_scope = SearchScope(find_links=[], index_urls=["default"], no_index=False)
        except TypeError:
            self.old = True
            self.search_scope = SearchScope(find_links=[], index_urls=["default"])

    find_links = property(lambda self: self.search_scope.find_links)
    index_urls = property(lambda self: self.search_scope.index_urls)

    def set_allow_all_prereleases(self):
        pass

    def set_prefer_binary(self):
        pass

    def set_release_control(self, control):
        pass


def content(url, session):
    if url.lower().startswith(("http:", "https:", "file:")) or url.startswith("/"):
        raise OSError("not here")
    parts = [part for part in url.split("/") if part not in ("", ".")]
    return url, decode(files["/".join(parts)])


decode = getattr(req_file, "auto_decode", None) or req_file._decode_req_file
try:
    from pip._internal.utils.encoding import auto_decode as decode
except ImportError:
    pass
req_file.get_file_content = content
print("ready", flush=True)
for line in sys.stdin:
    files = {name: bytes(numbers) for name, numbers in json.loads(line).items()}
    finder = Finder()
    try:
        list(req_file.parse_requirements("r.txt", session=None, finder=finder))
        # Before pip 22.3 an index behind --no-index counted again.
        if hasattr(finder, "old") and any(b"--no-i" in content for content in files.values()):
            raise ValueError
        answer = finder.search_scope.index_urls
        json.dumps(answer).encode()
    except BaseException:
        answer = None
    print(json.dumps(answer), flush=True)
