#include "retention/flow_parts.h"

#include <string.h>

#define OPTIONS 8

struct step_words { const char *title, *message, *button; };

struct words {
	const char *language;
	struct step_words survey, discount, pause, support, feedback, confirm;
	const char *options[OPTIONS]; /* in the order of OPTION_CODES */
	const char *placeholder;
};

static const char *const OPTION_CODES[OPTIONS] = {
	"too_expensive", "unused", "missing_features", "switched_service", "too_complex", "low_quality", "customer_service", "other"};

static const struct words WORDS[] = {
	{"en",
		{"Before you go: what made you decide to cancel?", "Your answer helps us to improve. You may skip this question.", "Continue"},
		{"30 % off for three months", "If the price is the reason: we take 30 % off your next three months. "
			"After that your plan continues at its normal price, and you can cancel at any time.", "Take 30 % off"},
		{"Would a break suit you better?", "Pause your plan for one to three months. You are not charged during the break, "
			"and your plan continues by itself afterwards.", "Pause my plan"},
		{"Can we solve it for you?", "If something does not work as you expected, write to us. A person answers.", "Contact support"},
		{"Anything else that we should know?", "What would have made our product right for you? You may leave this empty.", "Send"},
		{"Confirm your cancellation", "Your plan stays active until the end of the period that you have paid for. "
			"You are welcome back at any time.", "Cancel my plan"},
		{"It is too expensive", "I do not use it enough", "A feature that I need is missing", "I am switching to another service",
			"It is too complicated", "The quality was not what I expected", "The customer service", "Another reason"},
		"Your feedback"},
	{"de",
		{"Eine Frage, bevor Sie kündigen: Was ist der Grund?", "Ihre Antwort hilft uns, besser zu werden. Sie können die Frage überspringen.",
			"Weiter"},
		{"30 % Rabatt für drei Monate", "Falls es am Preis liegt: Wir senken ihn für die nächsten drei Monate um 30 %. Danach gilt wieder der "
			"normale Preis, und Sie können jederzeit kündigen.", "30 % Rabatt annehmen"},
		{"Passt eine Pause besser?", "Pausieren Sie Ihren Tarif für einen bis drei Monate. In dieser Zeit zahlen Sie nichts; danach läuft er "
			"von selbst weiter.", "Tarif pausieren"},
		{"Können wir das Problem lösen?", "Wenn etwas nicht so funktioniert, wie Sie es erwarten, schreiben Sie uns. Es antwortet ein Mensch.",
			"Support kontaktieren"},
		{"Möchten Sie uns noch etwas mitgeben?", "Was hätte unser Produkt für Sie passend gemacht? Das Feld darf leer bleiben.", "Senden"},
		{"Kündigung bestätigen", "Ihr Tarif bleibt bis zum Ende des bezahlten Zeitraums aktiv. Sie sind jederzeit wieder willkommen.",
			"Tarif kündigen"},
		{"Es ist mir zu teuer", "Ich nutze es zu selten", "Mir fehlt eine Funktion", "Ich wechsle zu einem anderen Anbieter",
			"Es ist mir zu kompliziert", "Die Qualität entsprach nicht meinen Erwartungen", "Der Kundendienst", "Ein anderer Grund"},
		"Ihre Rückmeldung"},
	{"fr",
		{"Avant de partir : pourquoi souhaitez-vous résilier ?", "Votre réponse nous aide à nous améliorer. Vous pouvez passer cette question.",
			"Continuer"},
		{"30 % de réduction pendant trois mois", "Si le prix est en cause, nous le réduisons de 30 % pendant les trois prochains mois. Ensuite, "
			"le tarif normal reprend et vous pouvez résilier à tout moment.", "Profiter des 30 %"},
		{"Préférez-vous faire une pause ?", "Suspendez votre abonnement d’un à trois mois. Rien n’est facturé pendant la pause ; "
			"il reprend ensuite automatiquement.", "Suspendre mon abonnement"},
		{"Pouvons-nous résoudre le problème ?", "Si quelque chose ne fonctionne pas comme prévu, écrivez-nous. Une personne vous répondra.",
			"Contacter l’assistance"},
		{"Souhaitez-vous ajouter quelque chose ?", "Qu’est-ce qui aurait fait que notre produit vous convienne ? Vous pouvez laisser ce champ "
			"vide.", "Envoyer"},
		{"Confirmer la résiliation", "Votre abonnement reste actif jusqu’à la fin de la période déjà payée. Vous serez toujours "
			"bienvenu.", "Résilier mon abonnement"},
		{"C’est trop cher", "Je ne l’utilise pas assez", "Il me manque une fonctionnalité", "Je passe à un autre service",
			"C’est trop compliqué", "La qualité ne répond pas à mes attentes", "Le service client", "Une autre raison"},
		"Votre avis"},
	{"es",
		{"Antes de irse: ¿por qué desea cancelar?", "Su respuesta nos ayuda a mejorar. Puede omitir esta pregunta.", "Continuar"},
		{"30 % de descuento durante tres meses", "Si el motivo es el precio, lo reducimos un 30 % durante los próximos tres meses. Después se "
			"aplica de nuevo el precio normal y puede cancelar cuando quiera.", "Aceptar el 30 %"},
		{"¿Le conviene más una pausa?", "Pause su plan de uno a tres meses. Durante la pausa no se le cobra nada y después el plan continúa "
			"automáticamente.", "Pausar mi plan"},
		{"¿Podemos resolverlo?", "Si algo no funciona como esperaba, escríbanos. Le responderá una persona.", "Contactar con soporte"},
		{"¿Desea contarnos algo más?", "¿Qué habría hecho que nuestro producto fuera adecuado para usted? Puede dejarlo vacío.", "Enviar"},
		{"Confirmar la cancelación", "Su plan sigue activo hasta el final del período que ya ha pagado. Puede volver cuando quiera.",
			"Cancelar mi plan"},
		{"Es demasiado caro", "No lo uso lo suficiente", "Me falta una función", "Me cambio a otro servicio", "Es demasiado complicado",
			"La calidad no es la que esperaba", "La atención al cliente", "Otro motivo"},
		"Su opinión"},
};

static struct json_object *step_make(struct json_object *steps, enum step_type type, const struct step_words *words,
	struct json_object *config)
{
	struct json_object *step = json_object_new_object();

	json_object_object_add(step, "type", json_object_new_string(step_text(type)));
	json_object_object_add(step, "title", json_object_new_string(words->title));
	json_object_object_add(step, "message", json_object_new_string(words->message));
	json_object_object_add(step, "buttonText", json_object_new_string(words->button));
	json_object_object_add(step, "config", config);
	json_object_array_add(steps, step);
	return step;
}

static struct json_object *survey_config(const struct words *words)
{
	struct json_object *config = json_object_new_object(), *options = json_object_new_array();

	for (int i = 0; i < OPTIONS; i++) {
		struct json_object *option = json_object_new_object();

		json_object_object_add(option, "code", json_object_new_string(OPTION_CODES[i]));
		json_object_object_add(option, "text", json_object_new_string(words->options[i]));
		json_object_array_add(options, option);
	}
	json_object_object_add(config, "options", options);
	json_object_object_add(config, "allowText", json_object_new_boolean(true));
	return config;
}

static struct json_object *discount_config(void)
{
	struct json_object *config = json_object_new_object();

	json_object_object_add(config, "percentage", json_object_new_int(30));
	json_object_object_add(config, "duration", json_object_new_string("repeating"));
	json_object_object_add(config, "months", json_object_new_int(3));
	return config;
}

static struct json_object *pause_config(void)
{
	struct json_object *config = json_object_new_object(), *months = json_object_new_array();

	for (int month = 1; month <= 3; month++)
		json_object_array_add(months, json_object_new_int(month));
	json_object_object_add(config, "months", months);
	return config;
}

static struct json_object *text_config(const char *name, const char *value)
{
	struct json_object *config = json_object_new_object();

	json_object_object_add(config, name, json_object_new_string(value));
	return config;
}

static const struct words *words_in(const char *language)
{
	for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
		if (strcmp(WORDS[i].language, language) == 0)
			return &WORDS[i];
	return &WORDS[0];
}

static const struct step_words NO_WORDS = {"", "", ""};

struct json_object *flow_starter_step(struct json_object *steps, const char *language, enum step_type type)
{
	const struct words *words = words_in(language);

	switch (type) {
	case STEP_SURVEY:
		return step_make(steps, type, &words->survey, survey_config(words));
	case STEP_DISCOUNT:
		return step_make(steps, type, &words->discount, discount_config());
	case STEP_PAUSE:
		return step_make(steps, type, &words->pause, pause_config());
	case STEP_SUPPORT: /* whom to write to is the owner's to say */
		return step_make(steps, type, &words->support, json_object_new_object());
	case STEP_FEEDBACK:
		return step_make(steps, type, &words->feedback, text_config("placeholder", words->placeholder));
	case STEP_CONFIRM:
		return step_make(steps, type, &words->confirm, json_object_new_object());
	default:
		return step_make(steps, type, &NO_WORDS, json_object_new_object());
	}
}

struct json_object *flow_starter(struct ctx *ctx, const char *language)
{
	static const enum step_type types[] = {STEP_SURVEY, STEP_DISCOUNT, STEP_PAUSE, STEP_FEEDBACK, STEP_CONFIRM};
	struct json_object *steps = json_object_new_array();

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		flow_starter_step(steps, language, types[i]);
	return json_own(ctx, steps);
}
