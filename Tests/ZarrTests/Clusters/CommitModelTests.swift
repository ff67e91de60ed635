import Testing

/// A model of the commit of segments, of which all interleavings are tried.
///
/// It knows what `SegmentCommit` says of its steps, and not how that is written. Each step of a writer is one request;
/// between any two steps any other writer can take any number of them, so that every stall is among what is tried. A
/// writer can die after any step. A copy can arrive a second time at any later moment.
@Suite("A model of commits")
struct CommitModelTests {
  /// What a store holds, and where writers are.
  struct State: Hashable {
    /// The document: how often it was replaced, the commit that is decided, and what readers see.
    var version = 0
    var pending: Int?
    var visible: [Character] = []

    var staged: Set<Character>
    /// What is under the keys of chunks, from the first on.
    var chunks: [Int: Character] = [:]
    /// Commits that are written down, and where those are that are done.
    var done: [Int: Int] = [:]

    var writers: [Writer]
    var deathsLeft: Int
    /// Copies that arrive a second time.
    var echoes: Set<Copy> = []
  }

  struct Copy: Hashable {
    let source: Character
    let target: Int
  }

  struct Writer: Hashable {
    let commit: Int
    var step = Step.read
    /// What it read: the version of the document, and the first free chunk.
    var version = 0
    var first = 0
  }

  enum Step: Hashable {
    case read
    case look(Int)
    case lookAgain
    case decide
    case copy(commit: Int, Int)
    case remove(commit: Int, Int)
    case mark(commit: Int)
    case show(commit: Int)
    case ended(Outcome)
  }

  enum Outcome: Hashable {
    case done(Int)
    case refused
    case dead
    /// A value is gone that nobody may have removed.
    case lost
  }

  /// The segments of each commit, all of one chunk.
  let commits: [[Character]]

  init() { commits = [["a", "b"], ["b", "c"], ["d"]] }

  /// The state after the next step of a writer.
  private func step(_ number: Int, _ state: State) -> State {
    var next = state
    var writer = state.writers[number]
    switch writer.step {
    case .read:
      (writer.version, writer.first) = (state.version, state.visible.count)
      writer.step = state.pending.map { .copy(commit: $0, 0) } ?? .look(0)
    case .look(let index):
      guard index < commits[writer.commit].count else {
        writer.step = state.done[writer.commit] == nil ? .decide : .lookAgain
        break
      }
      writer.step = state.staged.contains(commits[writer.commit][index]) ? .look(index + 1) : .lookAgain
    case .lookAgain:
      if state.version != writer.version {
        writer.step = .read
      } else if let first = state.done[writer.commit] {
        writer.step = .ended(.done(first))
      } else {
        writer.step = .ended(.refused)
      }
    case .decide:
      if state.version == writer.version {
        next.version += 1
        next.pending = writer.commit
      }
      writer.step = .read
    case .copy(let commit, let index):
      guard index < commits[commit].count else {
        writer.step = .remove(commit: commit, 0)
        break
      }
      let copy = Copy(source: commits[commit][index], target: writer.first + index)
      if state.staged.contains(copy.source) {
        next.chunks[copy.target] = copy.source
        next.echoes.insert(copy)
      } else if state.chunks[copy.target] != copy.source {
        writer.step = state.version == writer.version ? .ended(.lost) : .read
        break
      }
      writer.step = .copy(commit: commit, index + 1)
    case .remove(let commit, let index):
      guard index < commits[commit].count else {
        writer.step = .mark(commit: commit)
        break
      }
      next.staged.remove(commits[commit][index])
      writer.step = .remove(commit: commit, index + 1)
    case .mark(let commit):
      next.done[commit] = writer.first
      writer.step = .show(commit: commit)
    case .show(let commit):
      if state.version == writer.version {
        next.version += 1
        next.pending = nil
        next.visible = commits[commit].reduce(state.visible) { $0 + [$1] }
        writer.step = commit == writer.commit ? .ended(.done(writer.first)) : .read
      } else {
        writer.step = .read
      }
    case .ended: break
    }
    next.writers[number] = writer
    return next
  }

  private func successors(of state: State) -> [State] {
    var states: [State] = []
    for (number, writer) in state.writers.enumerated() {
      if case .ended(let outcome) = writer.step {
        // A job that died is started again.
        guard outcome == .dead else { continue }
        var next = state
        next.writers[number] = Writer(commit: writer.commit)
        states.append(next)
        continue
      }
      let next = step(number, state)
      states.append(next)
      guard state.deathsLeft > 0 else { continue }
      var dead = next
      dead.deathsLeft -= 1
      dead.writers[number].step = .ended(.dead)
      states.append(dead)
    }
    for echo in state.echoes {
      var next = state
      next.echoes.remove(echo)
      if state.staged.contains(echo.source) { next.chunks[echo.target] = echo.source }
      states.append(next)
    }
    return states
  }

  /// What must hold at every moment.
  private func check(_ state: State) -> String? {
    if Set(state.visible).count != state.visible.count { return "a segment is there twice" }
    for (index, segment) in state.visible.enumerated() where state.chunks[index] != segment {
      return "a reader finds another chunk"
    }
    for segment in state.visible where state.staged.contains(segment) {
      return "a segment that readers see can be committed again"
    }
    for writer in state.writers {
      switch writer.step {
      case .ended(.done(let first)):
        let segments = commits[writer.commit]
        guard first + segments.count <= state.visible.count,
          Array(state.visible[first...].prefix(segments.count)) == segments
        else { return "a writer was told that its segments are there" }
      case .ended(.refused):
        let isThere = commits.indices.contains { other in
          other != writer.commit
            && commits[other].contains { commits[writer.commit].contains($0) && state.visible.contains($0) }
        }
        guard isThere else { return "a writer was refused, and no one else has its segments" }
      case .ended(.lost): return "a segment is lost"
      default: break
      }
    }
    return nil
  }

  /// Tries all interleavings, and returns the number of states and what is wrong with the first bad one.
  private func explore(_ writers: [Int], deaths: Int) -> (count: Int, failure: String?) {
    let start = State(
      staged: Set(commits.joined()), writers: writers.map { Writer(commit: $0) }, deathsLeft: deaths)
    var seen: Set<State> = [start]
    var open = [start]
    while let state = open.popLast() {
      if let failure = check(state) { return (seen.count, "\(failure): \(state)") }
      for next in successors(of: state) where seen.insert(next).inserted { open.append(next) }
    }
    return (seen.count, nil)
  }

  @Test(
    "In every interleaving, each segment is there once or not at all",
    arguments: [
      // The same commit twice, two that share a segment, two that share none, and three of them.
      ([0, 0], 2), ([0, 1], 2), ([0, 2], 2), ([0, 0, 2], 0), ([0, 1, 2], 0), ([0, 0, 1], 1),
    ] as [([Int], Int)])
  func interleavings(writers: [Int], deaths: Int) {
    let (count, failure) = explore(writers, deaths: deaths)
    #expect(failure == nil)
    #expect(count > 1000)
  }
}
