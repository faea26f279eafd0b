#include "stripe/family.h"

int main(int argc, char **argv)
{
	return serve_main(argc, argv, &FAMILY_STRIPE);
}
