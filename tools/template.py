#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles HTML templates to C at build time, and embeds the static files.

    template.py [--static FILE]... --out-c F.c --out-h F.h TEMPLATE.html...

A template that is a page starts with {{! view TYPE "header.h" }} and becomes
    void tpl_NAME(struct buf *out, const TYPE *v);
one without is a partial, usable by {{> name}} only.

    {{field}}  {{a.b}}  {{../field}}  {{.}}   a value, escaped for the place it stands in
    {{#if x}} … {{else}} … {{/if}}            x is a text (not empty), a bool or a number
    {{#if not x}}
    {{#each rows}} … {{/each}}                the members rows (pointer) and n_rows (count)
    {{> name}}   {{> name path}}              a partial; with a path its fields are those of path
    {{! raw x}}                               x is a struct html_safe; nothing else compiles
    {{@asset file}}                           the path of a static file, with its hash
    {{!-- a comment --}}

Fields are members of the C struct, reached under #line, so that an unknown field is an error of the
C compiler at the template's own line.  The compiler below follows the HTML, so it knows whether a
value stands in text, in a form control, in an attribute or in a URL, and refuses what has no safe
escaping: a value in a tag or attribute name, in an unquoted attribute, in style or on*.  A script
is a static file of ours and nothing else: <script src="{{@asset file}}" defer></script>.
It also refuses tags that do not match, so a page is always well-formed.
"""
import argparse
import hashlib
import os
import re
import sys

VOID = {'area', 'base', 'br', 'col', 'hr', 'img', 'input', 'link', 'meta', 'source', 'wbr'}
# Elements whose content is text for a form control or a title: no markup inside.
RCDATA = {'textarea', 'title'}
# Whitespace matters inside these.
KEEP = {'pre', 'textarea'}
BANNED_TAGS = {'style', 'iframe', 'object', 'embed', 'base', 'svg', 'math', 'template'}
BANNED_ATTRS = {'style', 'srcdoc', 'srcset', 'ping', 'background'}
URL_ATTRS = {'href', 'src', 'action', 'formaction', 'cite', 'poster', 'data'}
NEST_MAX = 20
TYPES = {'.css': 'text/css; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.svg': 'image/svg+xml', '.txt': 'text/plain; charset=utf-8'}
PATH_RE = re.compile(r'^(\.\./)*(\.|[a-zA-Z_][a-zA-Z0-9_]*(\.[a-zA-Z_][a-zA-Z0-9_]*)*)$')
TOKEN_RE = re.compile(r'\{\{!--.*?--\}\}|\{\{.*?\}\}', re.S)


class Bad(Exception):
    pass


class Html:
    """Where in the HTML we are. Copied at branches, compared where they meet."""

    def __init__(self):
        self.mode = 'text'  # text name tag attr eq value comment
        self.stack = []
        self.name = ''      # of the tag being read
        self.closing = False
        self.attr = ''
        self.value_empty = True
        self.value_query = False
        self.need_gap = False
        self.asset = False  # what is fed is the path of a static file
        self.script_src = False

    def copy(self):
        h = Html()
        h.__dict__.update(self.__dict__)
        h.stack = list(self.stack)
        return h

    def settle(self):
        """At a block border the name of a tag or of a bare attribute is complete."""
        if self.mode == 'attr':
            self.check_attr()
            self.mode = 'tag'
            self.need_gap = True
        elif self.mode == 'name':
            self.begin_tag()
            self.mode = 'tag'

    def key(self):
        tag = (self.name, self.closing) if self.mode != 'text' else ()
        return (self.mode, tuple(self.stack), tag, self.attr if self.mode == 'value' else '')

    def inside(self, names):
        return any(t in names for t in self.stack)

    def feed(self, text):
        i, n = 0, len(text)
        while i < n:
            c = text[i]
            if self.mode == 'text':
                i = self.feed_text(text, i)
            elif self.mode == 'comment':
                end = text.find('-->', i)
                if end < 0:
                    raise Bad('an HTML comment must not hold a value; use {{!-- --}}')
                self.mode, i = 'text', end + 3
            elif self.mode == 'name':
                if c.isalnum() or c == '-':
                    self.name += c.lower()
                    i += 1
                else:
                    self.begin_tag()
                    self.mode = 'tag'
            elif self.mode == 'tag':
                i = self.feed_tag(text, i)
            elif self.mode == 'attr':
                if c.isalnum() or c in '-:':
                    self.attr += c.lower()
                    i += 1
                elif c == '=':
                    self.check_attr()
                    self.mode = 'eq'
                    i += 1
                else:
                    self.check_attr()
                    self.mode = 'tag'
            elif self.mode == 'eq':
                if c != '"':
                    raise Bad(f'the value of {self.attr} must stand in double quotes')
                self.mode, self.value_empty, self.value_query = 'value', True, False
                i += 1
            elif self.mode == 'value':
                end = text.find('"', i)
                part = text[i:] if end < 0 else text[i:end]
                if '<' in part:
                    raise Bad(f'"<" inside the value of {self.attr}')
                if self.name == 'script' and part and not self.asset:
                    raise Bad('the src of a script is an {{@asset}}')
                if part:
                    self.value_empty = False
                    self.value_query = self.value_query or '?' in part
                if end < 0:
                    return
                self.mode, self.need_gap, i = 'tag', True, end + 1

    def feed_text(self, text, i):
        lt = text.find('<', i)
        part = text[i:] if lt < 0 else text[i:lt]
        if self.inside({'script'}) and (part.strip() or not text.startswith('</script>', lt)):
            raise Bad('a script has no text of its own')
        for amp in re.finditer('&', part):
            if not re.match(r'&(#\d+|#x[0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]*);', part[amp.start():]):
                raise Bad('a bare "&": write &amp;')
        if lt < 0:
            return len(text)
        rest = text[lt:]
        if rest.startswith('<!--'):
            self.mode = 'comment'
            return lt + 4
        if rest[:9].lower() == '<!doctype':
            end = text.find('>', lt)
            if end < 0:
                raise Bad('doctype is not closed')
            return end + 1
        self.closing = rest.startswith('</')
        at = lt + (2 if self.closing else 1)
        if at >= len(text) or not text[at].isalpha():
            raise Bad('"<" that opens no tag: write &lt;')
        if self.stack and self.stack[-1] in RCDATA and not self.closing:
            raise Bad(f'a tag inside {self.stack[-1]}')
        self.mode, self.name = 'name', ''
        return at

    def begin_tag(self):
        if self.name in BANNED_TAGS:
            raise Bad(f'<{self.name}> is not allowed in a template')
        self.need_gap = True
        self.script_src = False

    def feed_tag(self, text, i):
        c = text[i]
        if c.isspace():
            self.need_gap = False
            return i + 1
        if c == '>':
            self.end_tag()
            return i + 1
        if c == '/' and text[i:i + 2] == '/>':
            raise Bad('"/>" means nothing in HTML')
        if self.closing:
            raise Bad('an attribute in a closing tag')
        if self.need_gap or not c.isalpha():
            raise Bad(f'unexpected {c!r} in <{self.name}>')
        self.mode, self.attr = 'attr', ''
        return i

    def check_attr(self):
        if self.attr.startswith('on') or self.attr in BANNED_ATTRS:
            raise Bad(f'the attribute {self.attr} is not allowed')
        if self.name == 'script':
            if self.attr not in ('src', 'defer'):
                raise Bad('a script has src and defer only')
            self.script_src = self.script_src or self.attr == 'src'

    def end_tag(self):
        self.mode = 'text'
        if self.name == 'script' and not self.closing and not self.script_src:
            raise Bad('a script without src')
        if self.closing:
            if not self.stack or self.stack[-1] != self.name:
                top = self.stack[-1] if self.stack else 'nothing'
                raise Bad(f'</{self.name}> closes <{top}>')
            self.stack.pop()
        elif self.name not in VOID:
            self.stack.append(self.name)

    def escaper(self):
        """The C function for a value that stands here."""
        if self.inside({'script'}):
            raise Bad('a value inside a script')
        if self.mode == 'text':
            if self.stack and self.stack[-1] == 'textarea':
                return 'tpl_exact'
            if self.stack and self.stack[-1] == 'title':
                return 'tpl_attr'
            return 'tpl_text'
        if self.mode == 'value' and self.name != 'script':
            if self.attr in URL_ATTRS:
                if self.value_empty:
                    self.value_empty = False
                    return 'tpl_url'
                return 'tpl_urlpart'
            if self.attr == 'value':
                return 'tpl_exact'
            return 'tpl_attr'
        raise Bad('a value cannot stand in a tag or attribute name')


def c_lit(text):
    out = []
    for b in text if isinstance(text, bytes) else text.encode():
        ch = chr(b)
        if ch == '"':
            out.append('\\"')
        elif ch == '\\':
            out.append('\\\\')
        elif ch == '\n':
            out.append('\\n')
        elif 32 <= b < 127:
            out.append(ch)
        else:
            out.append(f'\\{b:03o}')
    return '"' + ''.join(out).replace('??', '?""?') + '"'


class Compiler:
    def __init__(self, sources, assets):
        self.sources = sources
        self.assets = assets
        self.out = []
        self.html = Html()
        self.scopes = []
        self.lit = ''
        self.vars = 0

    def flush(self):
        if self.lit:
            self.out.append(f'    tpl_lit(out, STR({c_lit(self.lit)}));')
            self.lit = ''

    def emit(self, path, line, code):
        self.flush()
        self.out.append(f'#line {line} "{path}"')
        self.out.append('    ' + code)

    def field(self, text):
        text = text.strip()
        if not PATH_RE.match(text):
            raise Bad(f'{text!r} is no field')
        depth = len(self.scopes) - 1
        while text.startswith('../'):
            depth -= 1
            text = text[3:]
        if depth < 0:
            raise Bad('"../" beyond the page')
        base = self.scopes[depth]
        return f'(*{base})' if text == '.' else f'{base}->{text}'

    def static(self, text):
        if '{{' in text or '}}' in text:
            raise Bad('a "{{" that is not closed, or a "}}" that closes nothing')
        start_keep = self.html.inside(KEEP)
        start_mode = self.html.mode
        self.html.feed(text)
        if not start_keep and not self.html.inside(KEEP) and '<pre' not in text \
                and '<textarea' not in text and start_mode == 'text':
            text = re.sub(r'\s*\n\s*', '\n', text)
            if self.lit.endswith('\n'):
                text = text.lstrip('\n')
        elif start_mode == 'tag':
            text = re.sub(r'\s*\n\s*', ' ', text, count=1)
        if not self.out[2:] and not self.lit:
            text = text.lstrip()
        self.lit += re.sub(r'<!--.*?-->', '', text, flags=re.S)

    def compile(self, name, nest=0):
        if nest > NEST_MAX:
            raise Bad('partials nest too deeply')
        if name not in self.sources:
            raise Bad(f'no template {name}')
        path, text, _ = self.sources[name]
        if nest:
            text = text.rstrip('\n')
        blocks = []
        pos, line = 0, 1
        try:
            for m in list(TOKEN_RE.finditer(text)) + [None]:
                part = text[pos:m.start()] if m else text[pos:]
                if part:
                    self.static(part)
                line += part.count('\n')
                if m is None:
                    break
                self.token(path, line, m.group(), blocks, nest)
                line += m.group().count('\n')
                pos = m.end()
            if blocks:
                raise Bad(f'{blocks[-1][0]} is not closed')
        except Bad as bad:
            if str(bad).startswith('\0'):
                raise
            raise Bad(f'\0{path}:{line}: error: {bad}') from None

    def token(self, path, line, tok, blocks, nest):
        if tok.startswith('{{!--'):
            return
        body = tok[2:-2].strip()
        if body.startswith('!'):
            self.directive(path, line, body[1:].strip())
        elif body.startswith('#'):
            self.open(path, line, body[1:].strip(), blocks)
        elif body == 'else':
            self.turn(path, line, blocks)
        elif body.startswith('/'):
            self.close(path, line, body[1:].strip(), blocks)
        elif body.startswith('>'):
            self.partial(path, line, body[1:].split(), nest)
        elif body.startswith('@asset '):
            name = body[7:].strip()
            if name not in self.assets:
                raise Bad(f'no static file {name}')
            self.html.asset = True
            self.static(self.assets[name][0])
            self.html.asset = False
        else:
            self.html.settle()
            field = self.field(body)
            self.emit(path, line, f'{self.html.escaper()}(out, {field});')

    def directive(self, path, line, body):
        if body.startswith('view '):
            return
        if not body.startswith('raw '):
            raise Bad(f'unknown directive {body!r}')
        if self.html.mode != 'text' or self.html.inside(RCDATA):
            raise Bad('raw HTML can stand in text only')
        self.emit(path, line, f'tpl_raw(out, {self.field(body[4:])});')

    def open(self, path, line, body, blocks):
        self.html.settle()
        word, _, rest = body.partition(' ')
        if word == 'if':
            rest = rest.strip()
            no = rest.startswith('not ')
            field = self.field(rest[4:] if no else rest)
            self.emit(path, line, f'if ({"!" if no else ""}tpl_true({field})) {{')
        elif word == 'each':
            field = self.field(rest)
            cut = max(field.rfind('.'), field.rfind('>')) + 1
            count = f'{field[:cut]}n_{field[cut:]}'
            self.vars += 1
            i, v = f'i{self.vars}', f'r{self.vars}'
            self.emit(path, line, f'for (size_t {i} = 0; {i} < {count}; {i}++) {{')
            self.emit(path, line, f'const __typeof__({field}[0]) *{v} = &{field}[{i}];')
            self.scopes.append(v)
        else:
            raise Bad(f'unknown block {word!r}')
        blocks.append((word, self.html.copy(), None))

    def turn(self, path, line, blocks):
        if not blocks or blocks[-1][0] != 'if' or blocks[-1][2] is not None:
            raise Bad('else without if')
        self.html.settle()
        word, start, _ = blocks.pop()
        blocks.append((word, start, self.html))
        self.html = start.copy()
        self.emit(path, line, '} else {')

    def close(self, path, line, word, blocks):
        if not blocks or blocks[-1][0] != word:
            raise Bad(f'/{word} closes nothing')
        self.html.settle()
        _, start, other = blocks.pop()
        want = other if other is not None else start
        if self.html.key() != want.key():
            raise Bad(f'the branches of {word} end in different places of the HTML')
        self.html.value_empty = self.html.value_empty and want.value_empty
        self.html.need_gap = self.html.need_gap or want.need_gap
        if word == 'each':
            self.scopes.pop()
        self.emit(path, line, '}')

    def partial(self, path, line, words, nest):
        if len(words) not in (1, 2):
            raise Bad('{{> name}} or {{> name path}}')
        if len(words) == 2:
            field = self.field(words[1])
            self.vars += 1
            v = f'p{self.vars}'
            self.emit(path, line, f'{{ const __typeof__({field}) *{v} = &{field};')
            self.scopes.append(v)
        self.compile(words[0], nest + 1)
        if len(words) == 2:
            self.scopes.pop()
            self.emit(path, line, '}')

    def page(self, name, view):
        self.out = [f'void tpl_{name}(struct buf *out, const {view} *v)', '{']
        self.html, self.scopes, self.lit, self.vars = Html(), ['v'], '', 0
        self.compile(name)
        self.flush()
        if self.html.stack or self.html.mode != 'text':
            raise Bad(f'\0{self.sources[name][0]}:1: error: <{(self.html.stack or ["?"])[-1]}> is not closed')
        self.out.append('}')
        return '\n'.join(self.out)


VIEW_RE = re.compile(r'\{\{!\s*view\s+(struct\s+\w+)\s+"([^"]+)"\s*\}\}\n?')


def read_templates(paths):
    sources = {}
    for path in paths:
        with open(path, encoding='utf-8') as f:
            text = f.read()
        name = os.path.splitext(os.path.basename(path))[0]
        m = VIEW_RE.search(text)
        if m:
            # Keep the line count: the directive becomes an empty line's worth of nothing.
            text = text[:m.start()] + '{{!----}}' + text[m.end() - 1:] if m.group().endswith('\n') \
                else text[:m.start()] + text[m.end():]
        sources[name] = (path, text, (m.group(1), m.group(2)) if m else None)
    return sources


def read_assets(paths):
    assets = {}
    for path in paths:
        with open(path, 'rb') as f:
            data = f.read()
        stem, ext = os.path.splitext(os.path.basename(path))
        if ext == '.css':
            text = re.sub(r'/\*.*?\*/', '', data.decode(), flags=re.S)
            data = re.sub(r'\n\s*', '\n', text).strip().encode() + b'\n'
        digest = hashlib.sha256(data).hexdigest()[:16]
        assets[stem + ext] = (f'/static/{stem}-{digest}{ext}', TYPES[ext], data)
    return assets


def write_assets(assets):
    rows = []
    for url, kind, data in assets.values():
        lit = '\n        '.join(c_lit(part) for part in
                              [data[i:i + 400] for i in range(0, len(data), 400)])
        rows.append(f'    {{STR("{url}"), STR("{kind}"), STR(\n        {lit})}},')
    body = '\n'.join(rows)
    return (f'const struct web_asset web_assets[] = {{\n{body}\n    {{STR(""), STR(""), STR("")}},\n}};\n'
            f'const size_t web_assets_n = {len(rows)};\n')


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--static', action='append', default=[])
    ap.add_argument('--out-c', required=True)
    ap.add_argument('--out-h', required=True)
    ap.add_argument('templates', nargs='+')
    args = ap.parse_args()
    assets = read_assets(args.static)
    sources = read_templates(args.templates)
    headers, protos, bodies = [], [], []
    try:
        for name, (_, _, view) in sorted(sources.items()):
            if view is None:
                continue
            if view[1] not in headers:
                headers.append(view[1])
            protos.append(f'void tpl_{name}(struct buf *out, const {view[0]} *v);')
            bodies.append(Compiler(sources, assets).page(name, view[0]))
    except Bad as bad:
        sys.exit(str(bad).lstrip('\0'))
    guard = 'WEB_' + re.sub(r'\W', '_', os.path.basename(args.out_h)).upper()
    with open(args.out_h, 'w', encoding='utf-8') as f:
        f.write(f'/* Made by tools/template.py; do not edit. */\n#ifndef {guard}\n#define {guard}\n')
        f.write('#include "web/html.h"\n')
        f.write(''.join(f'#include "{h}"\n' for h in headers))
        f.write('\n'.join(protos) + '\n#endif\n')
    with open(args.out_c, 'w', encoding='utf-8') as f:
        f.write(f'/* Made by tools/template.py; do not edit. */\n#include "{os.path.basename(args.out_h)}"\n\n')
        f.write('\n\n'.join(bodies) + '\n')
        if assets:
            f.write('\n' + write_assets(assets))


if __name__ == '__main__':
    main()
