#include "identity/identity.h"

const struct conf_row IDENTITY_CONF[] = {
	{.name = "who.registration", .type = CONF_STRING, .fallback = "closed",
		.help = "who may register an organisation: open = anyone, closed = nobody once there is one"},
	{.name = "who.sessions_per_person", .type = CONF_INT, .fallback = "10", .least = 1, .most = 1000,
		.help = "sessions a person may have in one organisation; the oldest ends when one more starts"},
	{.name = "who.logins_per_address", .type = CONF_INT, .fallback = "60", .least = 1, .most = 1000000,
		.help = "logins, and password resets asked for, from one client address in 5 minutes"},
	{.name = "who.registrations_per_address", .type = CONF_INT, .fallback = "10", .least = 1, .most = 1000000,
		.help = "registrations from one client address in an hour"},
	CONF_END};
