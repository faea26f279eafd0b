#include "retention/flow_file.h"
#include "retention/flow_parts.h"

#include <string.h>

/* Of the starter flows; templates with words of their own have them in the first OWN_LANGUAGES. */
static const char *const LANGUAGES[] = {"en", "de", "fr", "es"};
#define LANGUAGE_COUNT (sizeof LANGUAGES / sizeof *LANGUAGES)
enum { EN, DE, OWN_LANGUAGES };

struct words { const char *title, *message, *button; };

/* A step of the starter flows, but for what it has of its own. */
struct part {
	enum step_type type;
	bool if_reason;      /* only after the template's reason */
	const char *config;
	struct words words[OWN_LANGUAGES];
};
#define STARTER(type_) {.type = (type_)}
#define STARTER_IF(type_) {.type = (type_), .if_reason = true}

#define PARTS 8
static const struct template {
	const char *code, *reason; /* reason: the answer that it is about, or NULL */
	const char *names[OWN_LANGUAGES];
	int count;
	struct part parts[PARTS];
} TEMPLATES[] = {
	{"standard", NULL, {"Standard", "Standard"}, 5,
		{STARTER(STEP_SURVEY), STARTER(STEP_DISCOUNT), STARTER(STEP_PAUSE), STARTER(STEP_FEEDBACK), STARTER(STEP_CONFIRM)}},
	{"aggressive", NULL, {"Aggressive", "Offensiv"}, 7,
		{STARTER(STEP_SURVEY),
			{STEP_DISCOUNT, false, "{\"percentage\":50,\"duration\":\"repeating\",\"months\":3}",
				{{"Half price for three months", "We would like to keep you: you pay half for the next three months. After that your plan continues "
					"at its normal price, and you can cancel at any time.", "Take 50 % off"},
				{"Drei Monate zum halben Preis", "Wir möchten Sie gern behalten: In den nächsten drei Monaten zahlen Sie die Hälfte. Danach gilt "
					"wieder der normale Preis, und Sie können jederzeit kündigen.", "50 % Rabatt annehmen"}}},
			STARTER(STEP_PAUSE),
			{STEP_DISCOUNT, false, "{\"percentage\":25,\"duration\":\"forever\"}",
				{{"A quarter less, for good", "Or a smaller discount that stays: 25 % off every invoice, for as long as you are with us.", "Take 25 % off"},
				{"Dauerhaft ein Viertel günstiger", "Oder ein kleinerer Rabatt, der bleibt: 25 % weniger auf jede Rechnung, solange Sie bei uns sind.",
					"25 % Rabatt annehmen"}}},
			{STEP_EXTENSION, false, "{\"days\":30}",
				{{"Thirty more days to try it", "Still deciding? We extend your trial by thirty days, free of charge.", "Extend my trial"},
				{"Noch dreißig Tage zum Testen", "Sie sind noch unentschlossen? Wir verlängern Ihre Testphase kostenlos um dreißig Tage.",
					"Testphase verlängern"}}},
			STARTER(STEP_FEEDBACK), STARTER(STEP_CONFIRM)}},
	{"simple-feedback", NULL, {"Simple feedback", "Nur Rückmeldung"}, 2,
		{STARTER(STEP_FEEDBACK), STARTER(STEP_CONFIRM)}},
	{"too_expensive", "too_expensive", {"Reason: too expensive", "Grund: zu teuer"}, 5,
		{STARTER(STEP_SURVEY), STARTER_IF(STEP_DISCOUNT),
			{STEP_PAUSE, true, "{\"months\":[1,2,3]}",
				{{"Or pay nothing for a while?", "Pause your plan for one to three months. You are not charged during the break, and your plan "
					"continues by itself afterwards.", "Pause my plan"},
				{"Oder eine Zeit lang nichts zahlen?", "Pausieren Sie Ihren Tarif für einen bis drei Monate. In dieser Zeit zahlen Sie nichts; danach "
					"läuft er von selbst weiter.", "Tarif pausieren"}}},
			STARTER(STEP_FEEDBACK), STARTER(STEP_CONFIRM)}},
	{"missing_features", "missing_features", {"Reason: missing features", "Grund: fehlende Funktionen"}, 4,
		{STARTER(STEP_SURVEY),
			{STEP_SUPPORT, true, NULL,
				{{"Perhaps it is there already", "Tell us what you are missing. Often there is a way, and sometimes it is nearly finished.", "Ask us"},
				{"Vielleicht gibt es das schon", "Sagen Sie uns, was Ihnen fehlt. Oft gibt es einen Weg, und manchmal ist es fast fertig.", "Uns fragen"}}},
			{STEP_FEEDBACK, false, NULL,
				{{"Which feature would have kept you?", "We read every answer when we plan what to build next. You may leave this empty.", "Send"},
				{"Welche Funktion hätte Sie gehalten?", "Wir lesen jede Antwort, wenn wir planen, was wir als Nächstes bauen. Das Feld darf leer "
					"bleiben.", "Senden"}}},
			STARTER(STEP_CONFIRM)}},
	{"switched_service", "switched_service", {"Reason: another service", "Grund: anderer Anbieter"}, 4,
		{STARTER(STEP_SURVEY),
			{STEP_DISCOUNT, true, "{\"percentage\":50,\"duration\":\"repeating\",\"months\":2}",
				{{"Compare us at half price", "Stay two more months at half price and decide then, with both in front of you.", "Take 50 % off"},
				{"Vergleichen Sie uns zum halben Preis", "Bleiben Sie zwei weitere Monate zum halben Preis, und entscheiden Sie dann in Ruhe.",
					"50 % Rabatt annehmen"}}},
			{STEP_FEEDBACK, false, NULL,
				{{"What does the other service do better?", "An honest answer helps us most. You may leave this empty.", "Send"},
				{"Was macht der andere Anbieter besser?", "Eine ehrliche Antwort hilft uns am meisten. Das Feld darf leer bleiben.", "Senden"}}},
			STARTER(STEP_CONFIRM)}},
	{"unused", "unused", {"Reason: not used enough", "Grund: zu selten genutzt"}, 4,
		{STARTER(STEP_SURVEY),
			{STEP_PAUSE, true, "{\"months\":[1,3,6]}",
				{{"Come back when you need it", "Pause your plan for one, three or six months. You pay nothing meanwhile, and everything stays as you "
					"left it.", "Pause my plan"},
				{"Kommen Sie wieder, wenn Sie es brauchen", "Pausieren Sie Ihren Tarif für einen, drei oder sechs Monate. Sie zahlen in der Zeit nichts, "
					"und alles bleibt, wie es ist.", "Tarif pausieren"}}},
			STARTER(STEP_FEEDBACK), STARTER(STEP_CONFIRM)}},
	{"customer_service", "customer_service", {"Reason: customer service", "Grund: Kundendienst"}, 5,
		{STARTER(STEP_SURVEY),
			{STEP_SUPPORT, true, NULL,
				{{"We should have done better", "We are sorry. Write to us, and somebody with the power to put it right answers.", "Write to us"},
				{"Das hätte besser laufen müssen", "Es tut uns leid. Schreiben Sie uns: Es antwortet jemand, der es in Ordnung bringen kann.",
					"Uns schreiben"}}},
			{STEP_DISCOUNT, true, "{\"percentage\":100,\"duration\":\"once\"}",
				{{"Your next month is on us", "Let us make up for it: we charge nothing on your next invoice.", "Accept"},
				{"Der nächste Monat geht auf uns", "Wir möchten es wiedergutmachen: Ihre nächste Rechnung erlassen wir Ihnen.", "Annehmen"}}},
			STARTER(STEP_FEEDBACK), STARTER(STEP_CONFIRM)}},
	{"too_complex", "too_complex", {"Reason: too complicated", "Grund: zu kompliziert"}, 5,
		{STARTER(STEP_SURVEY),
			{STEP_SUPPORT, true, NULL,
				{{"Shall we set it up with you?", "Half an hour with one of us usually does it. It costs nothing.", "Get help"},
				{"Sollen wir es mit Ihnen einrichten?", "Eine halbe Stunde mit einem von uns reicht meist. Das kostet nichts.", "Hilfe holen"}}},
			{STEP_EXTENSION, true, "{\"days\":14}",
				{{"Two more weeks to find your way", "We extend your trial by two weeks, free of charge.", "Extend my trial"},
				{"Zwei Wochen mehr, um hineinzufinden", "Wir verlängern Ihre Testphase kostenlos um zwei Wochen.", "Testphase verlängern"}}},
			STARTER(STEP_FEEDBACK), STARTER(STEP_CONFIRM)}},
	{"low_quality", "low_quality", {"Reason: quality", "Grund: Qualität"}, 5,
		{STARTER(STEP_SURVEY),
			{STEP_SUPPORT, true, NULL,
				{{"What went wrong?", "Tell us what did not work. We look at it ourselves and answer you.", "Report a problem"},
				{"Was ist schiefgegangen?", "Sagen Sie uns, was nicht funktioniert hat. Wir sehen es uns selbst an und antworten Ihnen.",
					"Problem melden"}}},
			{STEP_DISCOUNT, true, "{\"percentage\":50,\"duration\":\"once\"}",
				{{"Half price while we mend it", "Your next invoice is half, and you can cancel at any time.", "Take 50 % off"},
				{"Halber Preis, bis es wieder läuft", "Ihre nächste Rechnung halbiert sich, und Sie können jederzeit kündigen.", "50 % Rabatt annehmen"}}},
			STARTER(STEP_FEEDBACK), STARTER(STEP_CONFIRM)}},
	{"other", "other", {"Reason: other", "Grund: anderer"}, 4,
		{STARTER(STEP_SURVEY), STARTER(STEP_FEEDBACK), STARTER_IF(STEP_PAUSE), STARTER(STEP_CONFIRM)}},
};
#define TEMPLATE_COUNT (sizeof TEMPLATES / sizeof *TEMPLATES)

static bool has_own_words(const struct template *template)
{
	for (int i = 0; i < template->count; i++)
		if (template->parts[i].words[EN].title)
			return true;
	return false;
}

/* The language that it is written in when this one is asked for. */
static const char *language_of(const struct template *template, const char *language)
{
	size_t count = has_own_words(template) ? OWN_LANGUAGES : LANGUAGE_COUNT;

	for (size_t i = 0; i < count; i++)
		if (strcmp(LANGUAGES[i], language) == 0)
			return LANGUAGES[i];
	return LANGUAGES[0];
}

static struct json_object *when_is(const char *fact, const char *value)
{
	struct json_object *when = json_object_new_object();

	json_object_object_add(when, "fact", json_object_new_string(fact));
	json_object_object_add(when, "op", json_object_new_string("is"));
	json_object_object_add(when, "value", json_object_new_string(value));
	return when;
}

/* An extension is for trials. NULL: always. */
static struct json_object *part_when(const struct template *template, const struct part *part)
{
	struct json_object *trial = part->type == STEP_EXTENSION ? when_is("segment", segment_text(SEGMENT_TRIAL)) : NULL;
	struct json_object *answered = part->if_reason ? when_is("answer", template->reason) : NULL, *both, *members;

	if (!trial || !answered)
		return trial ? trial : answered;
	both = json_object_new_object();
	members = json_object_new_array();
	json_object_array_add(members, trial);
	json_object_array_add(members, answered);
	json_object_object_add(both, "all", members);
	return both;
}

static enum err part_add(struct ctx *ctx, struct json_object *steps, const struct template *template, const struct part *part,
	const char *language)
{
	const struct words *words = &part->words[strcmp(language, LANGUAGES[DE]) == 0 ? DE : EN];
	struct json_object *step = flow_starter_step(steps, language, part->type), *config;

	if (words->title) {
		json_object_object_add(step, "title", json_object_new_string(words->title));
		json_object_object_add(step, "message", json_object_new_string(words->message));
		json_object_object_add(step, "buttonText", json_object_new_string(words->button));
	}
	if (part->config) {
		TRY(json_read(ctx, part->config, strlen(part->config), JSON_DEPTH, &config));
		json_object_object_add(step, "config", json_object_get(config));
	}
	json_object_object_add(step, "when", part_when(template, part));
	return OK;
}

enum err flow_template(struct ctx *ctx, const char *code, const char *language, const char *name, struct json_object **document_out)
{
	struct json_object *document = json_own(ctx, json_object_new_object()), *steps = json_object_new_array();
	const struct template *template = TEMPLATES;

	while (template < TEMPLATES + TEMPLATE_COUNT && strcmp(template->code, code))
		template++;
	json_object_object_add(document, "steps", steps);
	if (template == TEMPLATES + TEMPLATE_COUNT)
		return fail_field(ctx, ERR_INVALID, "template", "There is no such template");
	language = language_of(template, language);
	if (!name)
		name = template->names[strcmp(language, LANGUAGES[DE]) == 0 ? DE : EN];
	json_object_object_add(document, "name", json_object_new_string(name));
	json_object_object_add(document, "language", json_object_new_string(language));
	for (int i = 0; i < template->count; i++)
		TRY(part_add(ctx, steps, template, &template->parts[i], language));
	*document_out = flow_tidy(ctx, document);
	return OK;
}

struct json_object *flow_templates(struct ctx *ctx)
{
	struct json_object *list = json_own(ctx, json_object_new_array());

	for (const struct template *template = TEMPLATES; template < TEMPLATES + TEMPLATE_COUNT; template++) {
		struct json_object *item = json_object_new_object(), *steps = json_object_new_array(), *spoken = json_object_new_array();

		json_object_object_add(item, "template", json_object_new_string(template->code));
		json_object_object_add(item, "name", json_object_new_string(template->names[EN]));
		for (size_t i = 0; i < LANGUAGE_COUNT; i++)
			if (strcmp(language_of(template, LANGUAGES[i]), LANGUAGES[i]) == 0)
				json_object_array_add(spoken, json_object_new_string(LANGUAGES[i]));
		json_object_object_add(item, "languages", spoken);
		for (int i = 0; i < template->count; i++)
			json_object_array_add(steps, json_object_new_string(step_text(template->parts[i].type)));
		json_object_object_add(item, "steps", steps);
		json_object_array_add(list, item);
	}
	return list;
}
