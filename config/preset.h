/**
 * @file preset.h  The conventions of a client as settings
 *
 * A preset is a row of texts in a table, one for each setting it changes, read by the
 * same parser as a file; whatever the file itself sets counts more.
 */
#pragma once

#include "config/words.h"

/** What `preset` has for the setting "section.key" as YAML; NULL: nothing. */
const char *preset_text(enum conf_preset preset, const char *path);
