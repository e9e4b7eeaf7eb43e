#include "redirector/call/tag_mac.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

static bool read_key(const char *hex, uint8_t key[SK_MAC_KEY])
{
	if (hex[0] == '\0')
		return getrandom(key, SK_MAC_KEY, 0) == SK_MAC_KEY;
	for (size_t i = 0; i < SK_MAC_KEY; i++) {
		unsigned byte;

		if (sscanf(hex + i * 2, "%2x", &byte) != 1)
			return false;
		key[i] = (uint8_t)byte;
	}
	return true;
}

struct sk_mac *tag_mac_new(const uint8_t *key, const struct conf *conf)
{
	uint8_t own[SK_MAC_KEY];
	struct sk_mac *mac = NULL;
	bool made;

	if (key)
		return sk_mac_new(key, &mac) ? NULL : mac;
	made = read_key(conf->sip.tag_key, own) && !sk_mac_new(own, &mac);
	explicit_bzero(own, sizeof(own));
	return made ? mac : NULL;
}
