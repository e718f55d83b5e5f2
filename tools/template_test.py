#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the template compiler must refuse, and with which words; and the #line of a field."""
import os
import subprocess
import sys
import tempfile

TOOL = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'template.py')
VIEW = '{{! view struct x "x.h" }}\n'

REFUSED = [
    ('<p>{{a</p>', 'that is not closed'),
    ('<p>a}}</p>', 'closes nothing'),
    ('<p>{{a b}}</p>', 'is no field'),
    ('<p>{{a;system()}}</p>', 'is no field'),
    ('<{{a}}>', 'opens no tag'),
    ('<p {{a}}>x</p>', 'cannot stand in a tag or attribute name'),
    ('<p {{a}}="x">x</p>', 'cannot stand in a tag or attribute name'),
    ('<p class={{a}}>x</p>', 'cannot stand in a tag or attribute name'),
    ('<p class=x>x</p>', 'double quotes'),
    ("<p class='x'>x</p>", 'double quotes'),
    ('<p style="color:{{a}}">x</p>', 'not allowed'),
    ('<p onclick="{{a}}">x</p>', 'not allowed'),
    ('<p OnClick="x">x</p>', 'not allowed'),
    ('<iframe srcdoc="x"></iframe>', 'not allowed'),
    ('<script>x</script>', 'without src'),
    ('<script defer></script>', 'without src'),
    ('<script src="/x.js"></script>', 'is an {{@asset}}'),
    ('<script src="{{a}}"></script>', 'cannot stand in'),
    ('<script src="" type="module"></script>', 'src and defer only'),
    ('<script src="">x</script>', 'no text of its own'),
    ('<script src=""><b></b></script>', 'no text of its own'),
    ('<script src="">{{a}}</script>', 'inside a script'),
    ('<style>x</style>', 'not allowed'),
    ('<!-- {{a}} -->', 'HTML comment'),
    ('<p>x', 'is not closed'),
    ('<p>x</b>', 'closes <p>'),
    ('x</p>', 'closes <nothing>'),
    ('<p/>x', '"/>"'),
    ('<p>a & b</p>', 'bare "&"'),
    ('<p>a < b</p>', 'opens no tag'),
    ('{{#if a}}<p>{{/if}}</p>', 'different places'),
    ('{{#if a}}<p>{{else}}<b>{{/if}}</p>', 'different places'),
    ('{{#each a}}<p>{{/each}}', 'different places'),
    ('{{#if a}}x', 'if is not closed'),
    ('x{{/if}}', 'closes nothing'),
    ('{{else}}', 'else without if'),
    ('{{../a}}', 'beyond the page'),
    ('{{> nowhere}}', 'no template'),
    ('{{@asset nowhere.css}}', 'no static file'),
    ('{{! rawish a}}', 'unknown directive'),
    ('<p title="{{! raw a}}">x</p>', 'in text only'),
    ('<textarea>{{! raw a}}</textarea>', 'in text only'),
    ('<textarea><b>x</b></textarea>', 'a tag inside textarea'),
    ('<input {{#if a}}checked{{/if}}x>', 'unexpected'),
]


def run(folder, text):
    path = os.path.join(folder, 'x.html')
    with open(path, 'w', encoding='utf-8') as f:
        f.write(VIEW + text)
    out = os.path.join(folder, 'x.c')
    p = subprocess.run([sys.executable, TOOL, '--out-c', out, '--out-h', out + '.h', path],
                       capture_output=True, text=True, check=False)
    return p.returncode, p.stderr, out


def main():
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for text, words in REFUSED:
            code, said, _ = run(folder, text)
            if code == 0 or words not in said or 'x.html:' not in said or 'Traceback' in said:
                print(f'{text!r}: exit {code}, said {said!r}, wanted {words!r}')
                wrong += 1
        code, said, out = run(folder, '<p>\n\n{{missing}}</p>')
        with open(out, encoding='utf-8') as f:
            made = f.read()
        if code or '#line 4 ' not in made:
            print(f'#line is not the line of the template: {said}{made}')
            wrong += 1
        head = os.path.join(folder, 'x.h')
        with open(head, 'w', encoding='utf-8') as f:
            f.write('struct x { int there; };\n')
        src = os.path.join(os.path.dirname(TOOL), '..', 'src')
        cc = subprocess.run(['cc', '-D_GNU_SOURCE', '-I', folder, '-I', src, '-c', '-o', '/dev/null', out],
                            capture_output=True, text=True, check=False)
        if cc.returncode == 0 or 'x.html:4' not in cc.stderr:
            print(f'an unknown field compiles, or is told at the wrong place: {cc.stderr}')
            wrong += 1
    print(f'{len(REFUSED) + 2 - wrong} right, {wrong} wrong')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
