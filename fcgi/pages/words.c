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
	{"recorded", TR("recorded")}, {"pending", TR("being applied")}, {"applied", TR("applied")}, {"manual", TR("by hand")}, {"left", TR("not carried out")},
	/* why a person has to */
	{"no Stripe connection", TR("There is no connection with Stripe")}, {"no subscription given", TR("The widget was given no subscription")},
	{"the subscription given is not one of Stripe's", TR("The subscription given is not one of Stripe’s")},
	{"the stored Stripe key cannot be opened", TR("The stored Stripe key cannot be opened")}, {"the step names no price", TR("The step names no price")},
	{"an offer was accepted a short time ago", TR("An offer was accepted a short time ago")},
	{"Stripe accepted the change but does not show it", TR("Stripe accepted the change but does not show it")},
	{"Stripe shows a discount that cannot be kept", TR("Stripe shows a discount that cannot be kept")},
	{"the subscription is paused already", TR("The subscription is paused already")}, {"the end of the pause has passed", TR("The end of the pause has passed")},
	{"the subscription has several items", TR("The subscription has several items")},
	{"the subscription has a discount already", TR("The subscription has a discount already")},
	{"the subscription is of the other mode", TR("The subscription is of the other mode")},
	{"a schedule manages the subscription", TR("A schedule manages the subscription")},
	{"the subscription has an update that waits for payment", TR("The subscription has an update that waits for payment")},
	{"the subscription is paused", TR("The subscription is paused")}, {"the subscription is canceled", TR("The subscription has ended")},
	{"the subscription is past_due", TR("The subscription is past due")}, {"the subscription is unpaid", TR("The subscription is unpaid")},
	{"the decision is none that Stripe has to do with", TR("Stripe has nothing to do with this decision")},
	{"Stripe extends by at most two years", TR("Stripe extends by at most two years")},
	{"the end of the extension has passed", TR("The end of the extension has passed")}};

const char *page_word(const struct req *req, const char *code)
{
	for (size_t i = 0; code && i < sizeof WORDS / sizeof *WORDS; i++)
		if (!strcmp(WORDS[i].code, code))
			return tr(req, WORDS[i].text);
	return code;
}
