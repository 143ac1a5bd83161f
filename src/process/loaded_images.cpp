#include "process/loaded_images.h"

#include <link.h>

#include <algorithm>
#include <cstring>
#include <string_view>

namespace fetchpool::process {
namespace {

std::size_t padded(std::size_t size) {
  return (size + 3) & ~std::size_t{3};
}

// The build id among the notes, empty where there is none.
std::string build_id_in(std::string_view notes) {
  while (notes.size() >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) note;
    std::memcpy(&note, notes.data(), sizeof note);
    notes.remove_prefix(sizeof note);
    std::size_t whole = padded(note.n_namesz) + padded(note.n_descsz);
    if (whole > notes.size()) break;
    if (note.n_type == NT_GNU_BUILD_ID &&
        notes.substr(0, note.n_namesz) == std::string_view("GNU\0", 4))
      return std::string(notes.substr(padded(note.n_namesz), note.n_descsz));
    notes.remove_prefix(whole);
  }
  return {};
}

}  // namespace

struct LoadedImages::Collector {
  // All objects, or only the one with code at this address.
  std::optional<std::uintptr_t> only{};
  std::vector<Image> images{};
  Counts counts{};

  static int take(dl_phdr_info* info, std::size_t, void* self) {
    return static_cast<Collector*>(self)->take(*info);
  }

  int take(const dl_phdr_info& info) {
    counts = {info.dlpi_adds, info.dlpi_subs};
    Image image = range_of(info);
    if (only && (*only < image.begin || *only >= image.end)) return 0;
    for (const ElfW(Phdr)* part = info.dlpi_phdr; part != info.dlpi_phdr + info.dlpi_phnum;
         ++part) {
      if (part->p_type != PT_NOTE || !image.build_id.empty()) continue;
      image.build_id = build_id_in(
          {reinterpret_cast<const char*>(info.dlpi_addr + part->p_vaddr), part->p_memsz});
    }
    image.name = info.dlpi_name;
    images.push_back(std::move(image));
    return only ? 1 : 0;
  }

  static Image range_of(const dl_phdr_info& info) {
    Image image;
    image.begin = UINTPTR_MAX;
    for (const ElfW(Phdr)* part = info.dlpi_phdr; part != info.dlpi_phdr + info.dlpi_phnum;
         ++part) {
      if (part->p_type != PT_LOAD) continue;
      std::uintptr_t begin = info.dlpi_addr + part->p_vaddr;
      image.begin = std::min(image.begin, begin);
      image.end = std::max<std::uintptr_t>(image.end, begin + part->p_memsz);
    }
    return image;
  }
};

LoadedImages LoadedImages::now() {
  Collector collector;
  dl_iterate_phdr(Collector::take, &collector);
  LoadedImages images;
  images.images_ = std::move(collector.images);
  images.counts_ = collector.counts;
  std::sort(images.images_.begin(), images.images_.end(),
            [](const Image& a, const Image& b) { return a.begin < b.begin; });
  return images;
}

LoadedImages::Counts LoadedImages::counts_now() {
  Counts counts;
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* out) {
        *static_cast<Counts*>(out) = {info->dlpi_adds, info->dlpi_subs};
        return 1;
      },
      &counts);
  return counts;
}

const LoadedImages::Image* LoadedImages::image_of(std::uintptr_t code) const {
  auto after =
      std::upper_bound(images_.begin(), images_.end(), code,
                       [](std::uintptr_t at, const Image& image) { return at < image.begin; });
  if (after == images_.begin()) return nullptr;
  const Image& image = *(after - 1);
  return code < image.end ? &image : nullptr;
}

std::optional<std::string> LoadedImages::objection_to(std::uintptr_t code) const {
  const Image* then = image_of(code);
  if (then && counts_now() == counts_) return std::nullopt;
  Collector found{.only = code};
  dl_iterate_phdr(Collector::take, &found);
  if (found.images.empty())
    return "it is not in the program or a library that is loaded (generated code?)";
  const Image& image = found.images.front();
  if (!then) return "its library " + image.name + " was loaded after the workers' spawner was made";
  bool same = then->begin == image.begin && then->end == image.end &&
              then->build_id == image.build_id &&
              (!image.build_id.empty() || then->name == image.name);
  if (same) return std::nullopt;
  return "another library was in the place of " + image.name +
         " when the workers' spawner was made";
}

}  // namespace fetchpool::process
