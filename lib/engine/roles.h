// What a configuration makes of an engine: which of its parts there are, and what they are told.
#pragma once

#include <string_view>

#include "base/keyed_hash.h"
#include "engine/config.h"
#include "proxy/settings.h"
#include "ua/inspection.h"

namespace intermediary {

bool registers(const Config& config);
bool notifies(const Config& config);
bool follows_dialogs(const Config& config);
bool probes(const Config& config);
bool registers_out(const Config& config);
Capabilities capabilities_from(const Config& config);
// But for what each run of an engine has for itself.
ProxySettings proxy_settings_from(const Config& config);
HashKey derived_key(const HashKey& key, std::string_view purpose);

}  // namespace intermediary
