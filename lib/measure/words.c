#include "measure/measure.h"

#include <string.h>

static const struct { const char *figure, *english, *german; } WORDS[] = {
	{"sessions", "Clicks on Cancel that opened the dialog, on the day (UTC) of the click.",
		"Klicks auf Kündigen, die den Dialog geöffnet haben, am Tag (UTC) des Klicks."},
	{"closed", "Sessions in which the customer has decided, or whose hour to do so has passed.",
		"Sitzungen, in denen entschieden wurde oder deren Stunde dafür vorbei ist."},
	{"accepted", "Sessions in which the customer took an offer.", "Sitzungen, in denen ein Angebot angenommen wurde."},
	{"standing", "Sessions whose accepted offer has been applied at Stripe, or needs nothing there.",
		"Sitzungen, deren angenommenes Angebot bei Stripe umgesetzt ist oder dort nichts braucht."},
	{"abandoned", "Sessions in which nothing was decided within the hour.", "Sitzungen, in denen binnen einer Stunde nichts entschieden wurde."},
	{"saved", "An offer was accepted, and 30 days after the session the subscription had neither ended nor been cancelled.",
		"Ein Angebot wurde angenommen, und 30 Tage nach der Sitzung war das Abo weder beendet noch gekündigt."},
	{"deflected", "No offer was accepted, and yet 30 days after the session the subscription had neither ended nor been cancelled.",
		"Kein Angebot wurde angenommen, und doch war das Abo 30 Tage nach der Sitzung weder beendet noch gekündigt."},
	{"lost", "Within 30 days of the session the subscription had ended or been cancelled, whatever was said in the dialog.",
		"Binnen 30 Tagen nach der Sitzung war das Abo beendet oder gekündigt, was auch immer im Dialog gesagt wurde."},
	{"unknown", "The 30 days are over, and no subscription of this customer is known from Stripe.",
		"Die 30 Tage sind vorbei, und von Stripe ist kein Abo dieses Kunden bekannt."},
	{"waiting", "Sessions that are younger than 30 days: billing has not been asked yet.",
		"Sitzungen, die jünger als 30 Tage sind: Die Abrechnung wurde noch nicht gefragt."},
	{"accept_rate", "Sessions in which an offer was accepted, of all closed sessions.",
		"Sitzungen mit angenommenem Angebot, von allen abgeschlossenen Sitzungen."},
	{"stay_rate", "Sessions that did not end in a cancellation (offer accepted, dialog closed or left alone), of all closed sessions.",
		"Sitzungen, die nicht mit einer Kündigung endeten (Angebot angenommen, Dialog geschlossen oder verlassen), von allen abgeschlossenen."},
	{"save_rate", "Saved sessions, of all that billing has judged (saved, deflected and lost) after 30 days. Unknown ones are left out.",
		"Gerettete Sitzungen, von allen, die nach 30 Tagen an der Abrechnung gemessen wurden (gerettet, umgestimmt, verloren). Unbekannte zählen nicht."},
	{"deflect_rate", "Deflected sessions, of all that billing has judged (saved, deflected and lost) after 30 days.",
		"Umgestimmte Sitzungen, von allen, die nach 30 Tagen an der Abrechnung gemessen wurden (gerettet, umgestimmt, verloren)."},
	{"users_saved", "Different customers who accepted an offer.", "Verschiedene Kunden, die ein Angebot angenommen haben."},
	{"value_minor", "Monthly value of the subscriptions in these sessions.", "Monatswert der Abos in diesen Sitzungen."},
	{"saved_minor", "Estimate: the monthly value kept by offers that stand: pause, trial extension and support 100 %, downgrade 30 %, discount 20 %.",
		"Schätzung: der Monatswert, den bestehende Angebote erhalten: Pause, Verlängerung der Testphase und Hilfe 100 %, kleinerer Tarif 30 %, Rabatt 20 %."},
	{"net_minor", "Paid on the subscription after a session and before its next one, less refunds and lost disputes: never projected.",
		"Nach einer Sitzung und vor der nächsten auf das Abo bezahlt, abzüglich Erstattungen und verlorener Einsprüche: nie hochgerechnet."},
	{"kept_net_minor", "The part of what was really paid that followed sessions in which an offer was accepted.",
		"Der Teil des wirklich Bezahlten, der auf Sitzungen mit angenommenem Angebot folgte."},
	{"per_user_minor", "Estimated revenue saved, for each customer who accepted an offer.",
		"Geschätzter geretteter Umsatz je Kunde, der ein Angebot angenommen hat."},
	{"acceptance", "Times that this type of offer was accepted, of the times that it was shown.",
		"Wie oft diese Art Angebot angenommen wurde, von allen Malen, die sie gezeigt wurde."},
	{"survival", "Share of subscriptions that still run at the end of a week, of those that can be followed that far (Kaplan-Meier).",
		"Anteil der Abos, die am Ende einer Woche noch laufen, von denen, die so weit verfolgt werden können (Kaplan-Meier)."},
	{"cohort", "Of the sessions of a month that accepted an offer and whose subscription is known: the share that still ran after so many weeks.",
		"Von den Sitzungen eines Monats mit angenommenem Angebot und bekanntem Abo: der Anteil, der nach so vielen Wochen noch lief."},
	{"ranking", "0.6 × accept rate + 0.4 × a tenth of the revenue saved (at most 100); at least 1.",
		"0,6 × Annahmequote + 0,4 × ein Zehntel des geretteten Umsatzes (höchstens 100); mindestens 1."},
	{"monthly_percent", "Revenue of 30 days at the period's pace, less the monthly cost, in percent of that cost.",
		"Umsatz von 30 Tagen im Takt des Zeitraums abzüglich der Monatskosten, in Prozent dieser Kosten."},
	{"multiplier", "Revenue of the period, divided by its cost.", "Umsatz des Zeitraums, geteilt durch dessen Kosten."},
	{"cost_per_user_minor", "Cost of the period, divided by the customers saved.", "Kosten des Zeitraums, geteilt durch die geretteten Kunden."},
	{"break_even_days", "Days of the period's daily revenue that pay for a month.", "Tage mit dem Tagesumsatz des Zeitraums, die einen Monat bezahlen."},
	{"forecast", "A straight line through the days of the period (least squares), drawn on; a day's value lies within the limits with 95 % probability "
		"if the trend goes on and days vary as before.",
		"Eine Gerade durch die Tage des Zeitraums (kleinste Quadrate), verlängert; der Wert eines Tages liegt mit 95 % Wahrscheinlichkeit in den "
		"Grenzen, wenn der Trend anhält und die Tage schwanken wie bisher."},
	{"stayed", "Closed sessions that did not end in a cancellation.", "Abgeschlossene Sitzungen, die nicht mit einer Kündigung endeten."},
	{"cancels", "Sessions in which the customer confirmed the cancellation or used Cancel now.",
		"Sitzungen, in denen die Kündigung bestätigt oder „Jetzt kündigen“ benutzt wurde."},
	{"shown", "Sessions in which this step was seen; each then counts by its last answer: accepted, declined, skipped or answered.",
		"Sitzungen, in denen dieser Schritt gesehen wurde; jede zählt dann nach ihrer letzten Antwort: angenommen, abgelehnt, übersprungen oder beantwortet."},
	{"reason_share", "Sessions with this reason, of all sessions in which a reason was given.",
		"Sitzungen mit diesem Grund, von allen Sitzungen, in denen ein Grund genannt wurde."},
	{"paid_minor", "Paid on the subscription after a session and before its next one.",
		"Nach einer Sitzung und vor der nächsten auf das Abo bezahlt."},
	{"refunded_minor", "Given back of that: refunds and lost disputes.", "Davon zurückgegeben: Erstattungen und verlorene Einsprüche."},
	{"risk", "0 to 100: up to 40 points for clicks on Cancel, 9 to 21 for a small monthly value, up to 20 for offers refused, up to 10 for coming back.",
		"0 bis 100: bis zu 40 Punkte für Klicks auf Kündigen, 9 bis 21 für einen kleinen Monatswert, bis zu 20 für abgelehnte Angebote, bis zu 10 "
		"für Wiederholung."},
};

const char *measure_definition(const char *figure, const char *language)
{
	for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
		if (!strcmp(WORDS[i].figure, figure))
			return language && !strcmp(language, "de") ? WORDS[i].german : WORDS[i].english;
	return NULL;
}

struct json_object *measure_definitions(struct ctx *ctx, const char *language)
{
	struct json_object *all = json_own(ctx, json_object_new_object());

	for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
		json_object_object_add(all, WORDS[i].figure, json_object_new_string(measure_definition(WORDS[i].figure, language)));
	return all;
}
