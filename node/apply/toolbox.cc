#include "node/apply/toolbox.h"

#include <stdexcept>

namespace lanyard::apply {

Tool const& Toolbox::of(release::PackageType type) const {
    using release::PackageType;
    switch (release::part_of(type)) {
        case PackageType::deb:
            return dpkg_;
        case PackageType::rpm:
            return rpm_;
        case PackageType::exe:
            return exe_;
        case PackageType::msi:
            return msi_;
        case PackageType::pkg:
            return pkg_;
        case PackageType::dmg:
            return dmg_;
        case PackageType::script:
            return script_;
        case PackageType::tree:
        case PackageType::file:
        case PackageType::plugin:
        case PackageType::debs:
        case PackageType::rpms:
            break;
    }
    throw std::logic_error("no tool installs a package of type " + std::string(release::text(type)));
}

}  // namespace lanyard::apply
