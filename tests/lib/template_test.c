#include "text/json.h"
#include "text/template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

static struct ctx ctx;
static char folder[] = "/tmp/stoa-template-test-XXXXXX";

/* Partials of the rows below, and pages that threads share. */
static const struct {
	const char *name, *text;
} FILES[] = {
	{"text", "from partial"},
	{"context", "*{{text}}*"},
	{"node", "{{content}}<{{#nodes}}{{>node}}{{/nodes}}>"},
	{"tabs", "\t|\t"},
	{"two", ">\n>"},
	{"one", ">"},
	{"lines", "|\n{{{content}}}\n|\n"},
	{"blank", "a\n\nb\n"},
	{"crlf", "a\r\nb\r\n"},
	{"section", "{{#list}}\n- {{.}}\n{{/list}}\nend\n"},
	{"inline", "x{{#list}}\n{{.}}{{/list}}{{! none }}\ny\n"},
	{"outer", "(\n  {{>two}}\n)\n"},
	{"outer-inline", "( {{>two}} )\n"},
	{"starts-with-tag", "{{#on}}on{{/on}}\n{{on}}\n"},
	{"delimiters", "{{=| |=}}|text| {{text}}"},
	{"plain", ".{{text}}. .|text|."},
	{"empty", ""},
	{"deep/er/page", "{{>text}} of a folder"},
	{"for-ever", "x{{>for-ever}}"},
};

static struct template_set *set;

static void file_path(const char *name, char path[256])
{
	snprintf(path, 256, "%s/%s.mustache", folder, name);
}

static bool file_write(const char *name, const char *text, size_t bytes)
{
	char path[256];
	FILE *file;

	file_path(name, path);
	file = fopen(path, "w");
	return file && fwrite(text, 1, bytes, file) == bytes && !fclose(file);
}

static int begin(void **state)
{
	char path[256], message[256];

	(void)state;
	ctx_init(&ctx);
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof path, "%s/deep", folder);
	mkdir(path, 0755);
	snprintf(path, sizeof path, "%s/deep/er", folder);
	mkdir(path, 0755);
	for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++)
		if (!file_write(FILES[i].name, FILES[i].text, strlen(FILES[i].text)))
			return -1;
	set = template_load(folder, NULL, message);
	if (!set)
		print_error("%s\n", message);
	return set ? 0 : -1;
}

static int end(void **state)
{
	char path[256];

	(void)state;
	template_free(set);
	ctx_free(&ctx);
	for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
		file_path(FILES[i].name, path);
		unlink(path);
	}
	snprintf(path, sizeof path, "%s/deep/er", folder);
	rmdir(path);
	snprintf(path, sizeof path, "%s/deep", folder);
	rmdir(path);
	return rmdir(folder);
}

struct row {
	const char *name;
	const char *view;
	const char *text;
	const char *out;
};

static void check_rows(const struct row *rows)
{
	struct buffer out = {0};

	for (; rows->name; rows++) {
		struct json_object *view;

		ctx_reset(&ctx);
		buffer_reset(&out);
		buffer_text(&out, "!");
		assert_int_equal(json_read(&ctx, rows->view, strlen(rows->view), JSON_DEPTH, &view), OK);
		if (template_render_text(&ctx, set, rows->text, strlen(rows->text), view, &out) != OK)
			print_error("%s: %s\n", rows->name, ctx.fault.detail);
		if (strcmp(out.data + 1, rows->out))
			print_error("%s\n", rows->name);
		assert_string_equal(out.data + 1, rows->out);
	}
	buffer_free(&out);
}

static void variables(void **state)
{
	static const struct row ROWS[] = {
		{"no tag", "{}", "Hello from {Mustache}!\n", "Hello from {Mustache}!\n"},
		{"empty template", "{}", "", ""},
		{"basic", "{\"subject\":\"world\"}", "Hello, {{subject}}!\n", "Hello, world!\n"},
		{"no second rendering", "{\"a\":\"{{b}}\",\"b\":\"ERROR\"}", "{{a}} {{{a}}} {{&a}}", "{{b}} {{b}} {{b}}"},
		{"escaped", "{\"x\":\"& \\\" < > '\"}", "{{x}}", "&amp; &quot; &lt; &gt; &#39;"},
		{"triple", "{\"x\":\"& \\\" < > '\"}", "{{{x}}}", "& \" < > '"},
		{"ampersand", "{\"x\":\"& \\\" < > '\"}", "{{&x}}", "& \" < > '"},
		{"integer", "{\"mph\":85}", "{{mph}} {{{mph}}} {{&mph}}", "85 85 85"},
		{"decimal", "{\"power\":1.210}", "{{power}} {{{power}}} {{&power}}", "1.21 1.21 1.21"},
		{"boolean", "{\"a\":true,\"b\":false}", "{{a}} {{b}}", "true false"},
		{"null", "{\"cannot\":null}", "I ({{cannot}}{{{cannot}}}{{&cannot}}) be seen!", "I () be seen!"},
		{"missing", "{}", "I ({{cannot}}{{{cannot}}}{{&cannot}}) be seen!", "I () be seen!"},
		{"view is null", "null", "({{a}}{{.}}{{#.}}x{{/.}})", "()"},
		{"view is text", "\"<\"", "{{.}}{{{.}}}{{a}}", "&lt;<"},
		{"object as JSON", "{\"o\":{\"a\":[1,\"<\"]}}", "{{{o}}} {{o}}",
			"{\"a\":[1,\"<\"]} {&quot;a&quot;:[1,&quot;&lt;&quot;]}"},
		{"dotted", "{\"person\":{\"name\":\"Joe\"}}", "{{person.name}}{{{person.name}}}{{&person.name}}", "JoeJoeJoe"},
		{"dotted, as sections", "{\"p\":{\"n\":\"Joe\"}}", "{{p.n}} == {{#p}}{{n}}{{/p}}", "Joe == Joe"},
		{"dotted, deep", "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"name\":\"Phil\"}}}}}}", "{{a.b.c.d.e.name}}", "Phil"},
		{"dotted, broken", "{\"a\":{}}", "({{a.b.c}})", "()"},
		{"dotted, through text", "{\"a\":\"x\"}", "({{a.b}})", "()"},
		{"dotted, parts only against their parent", "{\"a\":{\"b\":{}},\"c\":{\"name\":\"Jim\"}}", "({{a.b.c.name}})", "()"},
		{"dotted, first part as any name",
			"{\"a\":{\"b\":{\"c\":{\"name\":\"Phil\"}}},\"b\":{\"c\":{\"name\":\"Wrong\"}}}", "{{#a}}{{b.c.name}}{{/a}}", "Phil"},
		{"dotted, precedence", "{\"a\":{\"b\":{}},\"b\":{\"c\":\"ERROR\"}}", "({{#a}}{{b.c}}{{/a}})", "()"},
		{"dotted key is no key", "{\"a.b\":\"ERROR\",\"a\":{\"b\":\"c\"}}", "{{a.b}}", "c"},
		{"whitespace around", "{\"s\":\"---\"}", "| {{s}} | {{{s}}} | {{&s}} |", "| --- | --- | --- |"},
		{"never standalone", "{\"s\":\"---\"}", "  {{s}}\n  {{{s}}}\n  {{&s}}\n", "  ---\n  ---\n  ---\n"},
		{"padding", "{\"s\":\"---\"}", "|{{ s }}|{{{ s }}}|{{& s }}|{{\ts\n}}|", "|---|---|---|---|"},
		{"braces outside tags", "{\"s\":1}", "{ {s} }} } {{s}}}", "{ {s} }} } 1}"},
		{"names are anything without whitespace", "{\"@a-b?!\":1}", "{{@a-b?!}}", "1"},
		{"not ASCII", "{\"größe\":\"über\"}", "→{{größe}}←", "→über←"},
		{0},
	};

	(void)state;
	check_rows(ROWS);
}

static void sections(void **state)
{
	static const struct row ROWS[] = {
		{"true", "{\"b\":true}", "({{#b}}shown{{/b}})", "(shown)"},
		{"false", "{\"b\":false}", "({{#b}}hidden{{/b}})", "()"},
		{"null", "{\"b\":null}", "({{#b}}hidden{{/b}})", "()"},
		{"missing", "{}", "({{#b}}hidden{{/b}})", "()"},
		{"zero and empty text are false", "{\"z\":0,\"r\":0.0,\"t\":\"\"}", "({{#z}}x{{/z}}{{#r}}x{{/r}}{{#t}}x{{/t}})", "()"},
		{"numbers and text are true", "{\"z\":-1,\"r\":0.5,\"t\":\"0\"}", "({{#z}}x{{/z}}{{#r}}x{{/r}}{{#t}}x{{/t}})",
			"(xxx)"},
		{"empty object is true", "{\"o\":{}}", "({{#o}}x{{/o}})", "(x)"},
		{"context", "{\"context\":{\"name\":\"Joe\"}}", "{{#context}}Hi {{name}}.{{/context}}", "Hi Joe."},
		{"outer contexts", "{\"a\":\"foo\",\"b\":\"wrong\",\"sec\":{\"b\":\"bar\"},\"c\":{\"d\":\"baz\"}}",
			"{{#sec}}{{a}}, {{b}}, {{c.d}}{{/sec}}", "foo, bar, baz"},
		{"a null hides the outer value", "{\"a\":\"ERROR\",\"sec\":{\"a\":null}}", "({{#sec}}{{a}}{{/sec}})", "()"},
		{"value on top", "{\"foo\":\"bar\"}", "{{#foo}}{{.}} is {{foo}}{{/foo}}", "bar is bar"},
		{"true on top", "{\"foo\":true}", "{{#foo}}{{.}}{{/foo}}", "true"},
		{"lists see all contexts",
			"{\"tops\":[{\"t\":{\"u\":\"A\",\"l\":\"a\"},\"mids\":[{\"m\":\"1\",\"bots\":[{\"b\":\"x\"},{\"b\":\"y\"}]}]}]}",
			"{{#tops}}{{#mids}}{{t.l}}{{m}}.{{#bots}}{{t.u}}{{m}}{{b}}.{{/bots}}{{/mids}}{{/tops}}", "a1.A1x.A1y."},
		{"nested contexts", "{\"a\":{\"one\":1},\"b\":{\"two\":2},\"c\":{\"three\":3,\"d\":{\"four\":4,\"five\":5}}}",
			"{{#a}}\n{{one}}\n{{#b}}\n{{one}}{{two}}{{one}}\n{{#c.d}}\n{{one}}{{two}}{{four}}{{#five}}{{.}}6{{.}}{{/five}}\n"
			"{{/c.d}}\n{{two}}\n{{/b}}\n{{/a}}\n",
			"1\n121\n124565\n2\n"},
		{"list", "{\"list\":[{\"item\":1},{\"item\":2},{\"item\":3}]}", "{{#list}}{{item}}{{/list}}", "123"},
		{"empty list", "{\"list\":[]}", "({{#list}}Yay lists!{{/list}})", "()"},
		{"list of odd values", "{\"list\":[null,false,0,\"\",[],{}]}", "{{#list}}<{{.}}>{{/list}}",
			"<><false><0><><[]><{}>"},
		{"doubled", "{\"bool\":true,\"two\":\"second\"}", "{{#bool}}\n* first\n{{/bool}}\n* {{two}}\n{{#bool}}\n* third\n{{/bool}}\n",
			"* first\n* second\n* third\n"},
		{"nested, true", "{\"b\":true}", "| A {{#b}}B {{#b}}C{{/b}} D{{/b}} E |", "| A B C D E |"},
		{"nested, false", "{\"b\":false}", "| A {{#b}}B {{#b}}C{{/b}} D{{/b}} E |", "| A  E |"},
		{"iterator, text", "{\"list\":[\"a\",\"b\",\"<\"]}", "{{#list}}({{.}}{{{.}}}{{&.}}){{/list}}", "(aaa)(bbb)(&lt;<<)"},
		{"iterator, numbers", "{\"list\":[1,2.20,-3]}", "{{#list}}({{.}}){{/list}}", "(1)(2.2)(-3)"},
		{"iterator, lists", "{\"list\":[[1,2,3],[\"a\",\"b\"],[]]}", "{{#list}}({{#.}}{{.}}{{/.}}){{/list}}", "(123)(ab)()"},
		{"iterator, root", "[{\"v\":\"a\"},{\"v\":\"b\"}]", "{{#.}}({{v}}){{/.}}", "(a)(b)"},
		{"dotted, true", "{\"a\":{\"b\":{\"c\":true}}}", "{{#a.b.c}}Here{{/a.b.c}}", "Here"},
		{"dotted, false", "{\"a\":{\"b\":{\"c\":false}}}", "({{#a.b.c}}Here{{/a.b.c}})", "()"},
		{"dotted, broken", "{\"a\":{}}", "({{#a.b.c}}Here{{/a.b.c}})", "()"},
		{"whitespace around", "{\"b\":true}", " | {{#b}}\t|\t{{/b}} | \n", " | \t|\t | \n"},
		{"whitespace within", "{\"b\":true}", " | {{#b}} {{! Important Whitespace }}\n {{/b}} | \n", " |  \n  | \n"},
		{"indented inline", "{\"b\":true}", " {{#b}}YES{{/b}}\n {{#b}}GOOD{{/b}}\n", " YES\n GOOD\n"},
		{"two tags on a line do not stand alone", "{\"b\":true}", "a\n {{#b}}{{/b}} \nb\n", "a\n  \nb\n"},
		{"standalone", "{\"b\":true}", "| This Is\n{{#b}}\n|\n{{/b}}\n| A Line\n", "| This Is\n|\n| A Line\n"},
		{"standalone, indented", "{\"b\":true}", "| This Is\n  {{#b}}\t\n|\n\t {{/b}}\n| A Line\n", "| This Is\n|\n| A Line\n"},
		{"standalone, CRLF", "{\"b\":true}", "|\r\n{{#b}}\r\n{{/b}}\r\n|", "|\r\n|"},
		{"standalone, first line", "{\"b\":true}", "  {{#b}}\n#{{/b}}\n/", "#\n/"},
		{"standalone, last line", "{\"b\":true}", "#{{#b}}\n/\n  {{/b}}", "#\n/\n"},
		{"standalone, nothing else", "{\"b\":true}", "{{#b}}\n{{/b}}", ""},
		{"a blank line stays", "{\"b\":true}", "a\n\n{{#b}}\n\n{{/b}}\n\nb", "a\n\n\n\nb"},
		{"padding", "{\"b\":true}", "|{{# b }}={{/ b }}|{{ #b }}={{ /b }}|", "|=|=|"},
		{0},
	};

	(void)state;
	check_rows(ROWS);
}

static void inverted_sections(void **state)
{
	static const struct row ROWS[] = {
		{"false", "{\"b\":false}", "({{^b}}shown{{/b}})", "(shown)"},
		{"true", "{\"b\":true}", "({{^b}}hidden{{/b}})", "()"},
		{"null", "{\"b\":null}", "({{^b}}shown{{/b}})", "(shown)"},
		{"missing", "{}", "({{^b}}shown{{/b}})", "(shown)"},
		{"object", "{\"o\":{\"n\":1}}", "({{^o}}{{n}}{{/o}})", "()"},
		{"list", "{\"list\":[{\"n\":1}]}", "({{^list}}{{n}}{{/list}})", "()"},
		{"empty list", "{\"list\":[]}", "({{^list}}none{{/list}})", "(none)"},
		{"empty text", "{\"t\":\"\"}", "({{^t}}none{{/t}})", "(none)"},
		{"either or", "{\"list\":[1,2]}", "{{#list}}{{.}}{{/list}}{{^list}}none{{/list}}", "12"},
		{"context stays", "{\"a\":{\"n\":1}}", "{{#a}}{{^b}}{{n}}{{/b}}{{/a}}", "1"},
		{"doubled", "{\"b\":false,\"two\":\"second\"}", "{{^b}}\n* first\n{{/b}}\n* {{two}}\n{{^b}}\n* third\n{{/b}}\n",
			"* first\n* second\n* third\n"},
		{"nested", "{\"b\":false}", "| A {{^b}}B {{^b}}C{{/b}} D{{/b}} E |", "| A B C D E |"},
		{"nested, true", "{\"b\":true}", "| A {{^b}}B {{^b}}C{{/b}} D{{/b}} E |", "| A  E |"},
		{"dotted, false", "{\"a\":{\"b\":false}}", "{{^a.b}}Not Here{{/a.b}}", "Not Here"},
		{"dotted, broken", "{\"a\":{}}", "{{^a.b.c}}Not Here{{/a.b.c}}", "Not Here"},
		{"whitespace around", "{\"b\":false}", " | {{^b}}\t|\t{{/b}} | \n", " | \t|\t | \n"},
		{"standalone", "{\"b\":false}", "| This Is\n  {{^b}}\n|\n  {{/b}}\n| A Line\n", "| This Is\n|\n| A Line\n"},
		{"standalone, CRLF", "{\"b\":false}", "|\r\n{{^b}}\r\n{{/b}}\r\n|", "|\r\n|"},
		{"standalone, first line", "{\"b\":false}", "  {{^b}}\n^{{/b}}\n/", "^\n/"},
		{"standalone, last line", "{\"b\":false}", "^{{^b}}\n/\n  {{/b}}", "^\n/\n"},
		{"padding", "{\"b\":false}", "|{{^ b }}={{/ b }}|", "|=|"},
		{0},
	};

	(void)state;
	check_rows(ROWS);
}

static void comments_and_delimiters(void **state)
{
	static const struct row ROWS[] = {
		{"comment, inline", "{}", "12345{{! Comment Block! }}67890", "1234567890"},
		{"comment, lines", "{}", "12345{{!\n  This is a\n  multi-line comment...\n}}67890\n", "1234567890\n"},
		{"comment, standalone", "{}", "Begin.\n{{! Comment Block! }}\nEnd.\n", "Begin.\nEnd.\n"},
		{"comment, indented", "{}", "Begin.\n  {{! Indented }}\nEnd.\n", "Begin.\nEnd.\n"},
		{"comment, CRLF", "{}", "|\r\n{{! Standalone }}\r\n|", "|\r\n|"},
		{"comment, first line", "{}", "  {{! I'm Still Standalone }}\n!", "!"},
		{"comment, last line", "{}", "!\n  {{! I'm Still Standalone }}", "!\n"},
		{"comment, lines standalone", "{}", "Begin.\n  {{!\n    Something's going on here...\n  }}\nEnd.\n", "Begin.\nEnd.\n"},
		{"comment, indented inline", "{}", "  12 {{! 34 }}\n", "  12 \n"},
		{"comment, whitespace", "{}", "12345 {{! Comment Block! }} 67890", "12345  67890"},
		{"comment, empty", "{}", "a{{!}}b{{! }}c", "abc"},
		{"comment hides tags", "{\"a\":1}", "{{! {{a }}|{{a}}", "|1"},
		{"comment, triple", "{\"a\":1}", "{{!{a}}}", "}"},
		{"delimiters, pair", "{\"text\":\"Hey!\"}", "{{=<% %>=}}(<%text%>)", "(Hey!)"},
		{"delimiters, special", "{\"text\":\"It worked!\"}", "({{=[ ]=}}[text])", "(It worked!)"},
		{"delimiters, one to many", "{\"text\":\"x\"}", "{{={{{{ }}}}=}}{{{{text}}}}{{text}}", "x{{text}}"},
		{"delimiters and back", "{\"t\":1}", "{{=<% %>=}}<%t%>{{t}}<%={{ }}=%><%t%>{{t}}", "1{{t}}<%t%>1"},
		{"delimiters, sections", "{\"section\":true,\"data\":\"I got interpolated.\"}",
			"[\n{{#section}}\n  {{data}}\n  |data|\n{{/section}}\n\n{{= | | =}}\n|#section|\n  {{data}}\n  |data|\n|/section|\n]\n",
			"[\n  I got interpolated.\n  |data|\n\n  {{data}}\n  I got interpolated.\n]\n"},
		{"delimiters, inverted", "{\"section\":false,\"data\":\"x\"}", "{{= | | =}}|^section|{{data}}|data||/section|", "{{data}}x"},
		{"delimiters, raw", "{\"a\":\"<\"}", "{{=<% %>=}}<%a%><%&a%><%{a}%>", "&lt;<<"},
		{"delimiters do not reach a partial", "{\"text\":\"yes\"}", "[ {{>plain}} ]\n{{= | | =}}\n[ |>plain| ]\n",
			"[ .yes. .|text|. ]\n[ .yes. .|text|. ]\n"},
		{"delimiters of a partial stay there", "{\"text\":\"yes\"}", "{{>delimiters}} {{text}} |text|", "yes {{text}} yes |text|"},
		{"delimiters, whitespace", "{}", "| {{=@ @=}} |", "|  |"},
		{"delimiters, inline", "{}", " | {{=@ @=}}\n", " | \n"},
		{"delimiters, standalone", "{}", "Begin.\n  {{=@ @=}}\nEnd.\n", "Begin.\nEnd.\n"},
		{"delimiters, CRLF", "{}", "|\r\n{{= @ @ =}}\r\n|", "|\r\n|"},
		{"delimiters, first line", "{}", "  {{=@ @=}}\n=", "="},
		{"delimiters, last line", "{}", "=\n  {{=@ @=}}", "=\n"},
		{"delimiters, padding", "{\"a\":1}", "|{{=\t@ \n @  =}}|@a@", "||1"},
		{0},
	};

	(void)state;
	check_rows(ROWS);
}

static void partials(void **state)
{
	static const struct row ROWS[] = {
		{"basic", "{}", "\"{{>text}}\"", "\"from partial\""},
		{"below a folder", "{}", "{{>deep/er/page}}", "from partial of a folder"},
		{"missing", "{}", "\"{{>nothing}}\"", "\"\""},
		{"missing, standalone", "{}", "a\n  {{>nothing}}\nb", "a\nb"},
		{"empty", "{}", "a\n  {{>empty}}\nb", "a\nb"},
		{"context", "{\"text\":\"content\"}", "\"{{>context}}\"", "\"*content*\""},
		{"recursion", "{\"content\":\"X\",\"nodes\":[{\"content\":\"Y\",\"nodes\":[]}]}", "{{>node}}", "X<Y<>>"},
		{"whitespace around", "{}", "| {{>tabs}} |", "| \t|\t |"},
		{"inline indentation", "{\"data\":\"|\"}", "  {{data}}  {{> two}}\n", "  |  >\n>\n"},
		{"inline, first on its line", "{}", "  {{>two}} x\n", "  >\n> x\n"},
		{"standalone, CRLF", "{}", "|\r\n{{>one}}\r\n|", "|\r\n>|"},
		{"standalone, first line", "{}", "  {{>two}}\n>", "  >\n  >>"},
		{"standalone, last line", "{}", ">\n  {{>two}}", ">\n  >\n  >"},
		{"values are not indented", "{\"content\":\"<\\n->\"}", "\\\n {{>lines}}\n/\n", "\\\n |\n <\n->\n |\n/\n"},
		{"each line, also a blank one", "{}", "  {{>blank}}\n", "  a\n  \n  b\n"},
		{"each line, CRLF", "{}", "  {{>crlf}}\nx", "  a\r\n  b\r\nx"},
		{"tabs", "{}", "\t {{>two}}\n", "\t >\n\t >"},
		{"sections within", "{\"list\":[1,2]}", "  {{>section}}\n", "  - 1\n  - 2\n  end\n"},
		{"inline sections within", "{\"list\":[1,2]}", "  {{>inline}}\n", "  x\n  1\n  2\n  y\n"},
		{"a line that begins with a tag", "{\"on\":true}", "  {{>starts-with-tag}}\n", "  on\n  true\n"},
		{"indentation adds up", "{}", "  {{>outer}}\n", "  (\n    >\n    >  )\n"},
		{"inline within an indented one", "{}", "  {{>outer-inline}}\n", "  ( >\n> )\n"},
		{"in a section", "{\"list\":[1,2]}", "{{#list}}\n  {{>one}}{{.}}\n{{/list}}\n", "  >1\n  >2\n"},
		{"padding", "{}", "|{{> one }}|", "|>|"},
		{0},
	};

	(void)state;
	check_rows(ROWS);
}

static void refuses_with_a_line(void **state)
{
	static const struct {
		const char *text, *detail;
	} ROWS[] = {
		{"a\n{{b", "line 2: a tag without its end"},
		{"{{{b}}", "line 1: a tag without its end"},
		{"{{=<% %>}}", "line 1: a tag without its end"},
		{"{{}}", "line 1: a tag without a name"},
		{"{{ }}", "a tag without a name"},
		{"{{#}}{{/}}", "a tag without a name"},
		{"{{>}}", "a tag without a name"},
		{"{{a b}}", "a name with whitespace"},
		{"{{#if x}}{{/if}}", "a name with whitespace"},
		{"{{a..b}}", "an empty part"},
		{"{{.a}}", "an empty part"},
		{"{{a.}}", "an empty part"},
		{"{{#a..b}}{{/a..b}}", "an empty part"},
		{"\n\n{{#a}}\n", "line 4: a section without its closing tag"},
		{"{{#a}}{{#b}}{{/b}}", "a section without its closing tag"},
		{"\n{{/a}}", "line 2: a closing tag without its section"},
		{"{{#a}}{{/b}}", "a closing tag that does not match"},
		{"{{#a}}{{#b}}\n{{/a}}{{/b}}", "line 2: a closing tag that does not match"},
		{"{{#a}}{{/a.b}}", "a closing tag that does not match"},
		{"{{#a}}{{/}}", "a closing tag that does not match"},
		{"{{=<% %>=}}<%#a%>{{/a}}", "a section without its closing tag"},
		{"{{==}}", "set delimiter needs two"},
		{"{{=a=}}", "set delimiter needs two"},
		{"{{=a b c=}}", "a delimiter with whitespace or an equals sign"},
		{"{{=a= b=}}", "a delimiter with whitespace or an equals sign"},
		{"{{=12345678901234567 %>=}}", "at most 16 bytes"},
		{"{{<parent}}", "not part of this language"},
		{"{{$block}}{{/block}}", "not part of this language"},
		{"{{>*dynamic}}", "not part of this language"},
		{"a\xff", "not UTF-8"},
	};
	struct buffer out = {0};

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		ctx_reset(&ctx);
		assert_int_equal(template_render_text(&ctx, set, ROWS[i].text, strlen(ROWS[i].text), NULL, &out), ERR_BAD_INPUT);
		if (!strstr(ctx.fault.detail, ROWS[i].detail))
			print_error("%s: %s\n", ROWS[i].text, ctx.fault.detail);
		assert_non_null(strstr(ctx.fault.detail, ROWS[i].detail));
		assert_int_equal(out.length, 0);
	}
	ctx_reset(&ctx);
	assert_int_equal(template_render_text(&ctx, set, "a\0b", 3, NULL, &out), ERR_BAD_INPUT);
	buffer_free(&out);
}

static enum err render_deep(int depth, struct json_object *view, struct buffer *out)
{
	struct buffer text = {0};
	enum err err;

	for (int i = 0; i < depth; i++)
		buffer_text(&text, "{{#a}}");
	for (int i = 0; i < depth; i++)
		buffer_text(&text, "{{/a}}");
	ctx_reset(&ctx);
	err = template_render_text(&ctx, set, text.data, text.length, view, out);
	buffer_free(&text);
	return err;
}

static void limits_its_work(void **state)
{
	struct json_object *once = json_tokener_parse("{\"a\":1}");
	struct json_object *twice = json_tokener_parse("{\"a\":[1,1]}");
	struct buffer out = {0}, tiny = {.limit = 3};

	(void)state;
	assert_int_equal(render_deep(64, once, &out), OK);
	assert_int_equal(render_deep(65, once, &out), ERR_BAD_INPUT);
	assert_int_equal(render_deep(10, twice, &out), OK);
	assert_int_equal(render_deep(64, twice, &out), ERR_INTERNAL);
	ctx_reset(&ctx);
	assert_int_equal(template_render_text(&ctx, set, "{{>for-ever}}", 13, once, &out), ERR_INTERNAL);
	ctx_reset(&ctx);
	assert_int_equal(template_render_text(&ctx, set, "four", 4, once, &tiny), ERR_INTERNAL);
	ctx_reset(&ctx);
	assert_int_equal(template_render(&ctx, set, "nothing", once, &out), ERR_INTERNAL);
	assert_non_null(strstr(ctx.fault.detail, "nothing"));
	buffer_free(&out);
	buffer_free(&tiny);
	json_object_put(once);
	json_object_put(twice);
}

static void load_refuses_bad_files(void **state)
{
	char message[256], wanted[300];

	(void)state;
	assert_null(template_load("/nonexistent", NULL, message));
	assert_string_equal(message, "/nonexistent: No such file or directory");
	assert_true(file_write("deep/bad", "fine\n{{#a}}\n", 12));
	assert_null(template_load(folder, NULL, message));
	snprintf(wanted, sizeof wanted, "%s/deep/bad.mustache:3: a section without its closing tag", folder);
	assert_string_equal(message, wanted);
	snprintf(wanted, sizeof wanted, "%s/deep/bad.mustache", folder);
	assert_int_equal(truncate(wanted, 1048577), 0);
	assert_null(template_load(folder, NULL, message));
	assert_non_null(strstr(message, "larger than 1 MiB"));
	unlink(wanted);
}

static void *render_often(void *handle)
{
	struct ctx mine;
	struct buffer out = {0};
	intptr_t failures = 0;

	(void)handle;
	ctx_init(&mine);
	for (int i = 0; i < 500; i++) {
		struct json_object *view = json_own(&mine, json_tokener_parse("{\"list\":[1,2],\"content\":\"x\"}"));

		buffer_reset(&out);
		failures += template_render(&mine, set, "section", view, &out) != OK || strcmp(out.data, "- 1\n- 2\nend\n");
		failures += template_render(&mine, set, "outer", view, &out) != OK;
		ctx_reset(&mine);
	}
	buffer_free(&out);
	ctx_free(&mine);
	return (void *)failures;
}

static void threads_share_a_set(void **state)
{
	pthread_t threads[4];
	void *failures;

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, render_often, NULL), 0);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &failures);
		assert_null(failures);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(variables),
		cmocka_unit_test(sections),
		cmocka_unit_test(inverted_sections),
		cmocka_unit_test(comments_and_delimiters),
		cmocka_unit_test(partials),
		cmocka_unit_test(refuses_with_a_line),
		cmocka_unit_test(limits_its_work),
		cmocka_unit_test(load_refuses_bad_files),
		cmocka_unit_test(threads_share_a_set),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
