#pragma once

#include <string>

#include "node/check/offer.h"
#include "node/drain/app_control.h"

namespace lanyard::update {

inline std::string name_of(release::Target const& target) { return target.app.text() + " " + target.version.text(); }

// The two releases of an offer, where their commands run. The old one: only when there is one.
inline drain::AppRelease new_release(check::Offer const& offer) { return {offer.target, offer.home / "current"}; }
inline drain::AppRelease old_release(check::Offer const& offer) { return {*offer.running, offer.home / "current"}; }

}  // namespace lanyard::update
