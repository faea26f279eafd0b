#include "pages/words.h"

#include <string.h>

static const struct { const char *code, *text; } WORDS[] = {
	/* how sessions end, and stages */
	{"accepted", TR("Offer accepted")}, {"declined", TR("Cancelled after offers")}, {"cancelled", TR("Cancelled at once")},
	{"dismissed", TR("Dialog closed")}, {"abandoned", TR("Left alone")}, {"open", TR("Not answered yet")},
	{"waiting", TR("30 days not over")}, {"saved", TR("Saved")}, {"deflected", TR("Deflected")}, {"lost", TR("Lost")}, {"unknown", TR("Unknown")},
	{"started", TR("Clicked Cancel")}, {"answered", TR("Answered")}, {"offered", TR("Saw an offer")}, {"standing", TR("Offer stands")},
	/* steps and offers */
	{"survey", TR("Question")}, {"discount", TR("Discount")}, {"pause", TR("Pause")}, {"downgrade", TR("Smaller plan")},
	{"extension", TR("Longer trial")}, {"support", TR("Support")}, {"feedback", TR("Feedback")}, {"confirm", TR("Confirmation")},
	/* reasons */
	{"too_expensive", TR("Too expensive")}, {"missing_features", TR("Missing features")}, {"switched_service", TR("Switched to another service")},
	{"unused", TR("Not used enough")}, {"customer_service", TR("Customer service")}, {"too_complex", TR("Too complex")},
	{"low_quality", TR("Low quality")}, {"other", TR("Other")},
	/* segments */
	{"trial", TR("Trial")}, {"low", TR("Low value")}, {"medium", TR("Medium value")}, {"high", TR("High value")},
	/* dimensions */
	{"flow", TR("Flow")}, {"segment", TR("Segment")}, {"plan", TR("Plan")}, {"language", TR("Language")}, {"policy", TR("Choice of offers")},
	{"experiment", TR("Experiment")}, {"variant", TR("Variant")}, {"documented", TR("Documented order")}, {"adaptive", TR("Adaptive")},
	/* state of a decision */
	{"recorded", TR("recorded")}, {"pending", TR("being applied")}, {"applied", TR("applied")}, {"manual", TR("by hand")}};

const char *page_word(const struct req *req, const char *code)
{
	for (size_t i = 0; code && i < sizeof WORDS / sizeof *WORDS; i++)
		if (!strcmp(WORDS[i].code, code))
			return tr(req, WORDS[i].text);
	return code;
}
