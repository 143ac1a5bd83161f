// An output that waits aside while it is written anew.
#pragma once

#include <optional>
#include <string>

#include "output/journal.h"

namespace fetchpool::output {

// Two files change their names together: records and their journal. Whatever ends the program in
// between, either both have their old names in the end or both the new ones, and no byte is lost.
//
// The journal of the new output is written under a name of its own (next_journal()) before, and
// gets the journal's name last. As long as it has not, the change counts for nothing and is undone.
class Aside {
 public:
  // Nothing is looked at yet.
  Aside(std::string records, std::string journal, std::string aside);

  std::string next_journal() const { return journal_ + ".new"; }
  // Whether something was put aside.
  bool is_there() const;
  // The last commit of what is aside that its records reach; nothing: there is none.
  std::optional<Commit> last_commit() const;

  // Puts both files aside and leaves an empty one and the next journal in their places. Requires
  // next_journal(), and that the journal is locked. Throws SystemError.
  void put() const;
  // Undoes a put() that was not done to its end. Throws JournalLocked where another process is at
  // work on it.
  void undo_half() const;
  // Removes what is aside; nothing else that has its name.
  void remove() const;

 private:
  std::string aside_journal() const { return aside_ + ".journal"; }

  std::string records_;
  std::string journal_;
  std::string aside_;
};

}  // namespace fetchpool::output
