/// A library in the rows of one setting: a competitor, or the reason why there is none.
final class Contestant {
  let name: String
  let layout: Layout
  /// Nil if it cannot take part at all.
  let competitor: (any Competitor)?
  /// Where all blobs are stored, once they are.
  var directory = ""
  /// Where those are stored that others are appended to.
  var headDirectory = ""
  /// The bytes of the files in ``directory``.
  var storedByteCount: Int?
  private var reasons: [Work: String] = [:]
  private var reason: String?
  private let mostSeconds: Double

  /// Creates one that takes part, in works of which a pass takes no more than `mostSeconds`.
  init(_ competitor: any Competitor, mostSeconds: Double = .infinity) {
    name = competitor.name
    layout = competitor.layout
    self.competitor = competitor
    self.mostSeconds = mostSeconds
  }

  /// Creates one that does not.
  init(name: String, layout: Layout, reason: String) {
    self.name = name
    self.layout = layout
    self.reason = reason
    competitor = nil
    mostSeconds = .infinity
  }

  /// Why there are no figures for a work, if there are none.
  func reason(_ work: Work) -> String? { reason ?? reasons[work] }

  /// Leaves out a work if a pass of it took too long.
  func leaveOut(_ work: Work, ifLong pass: Pass) {
    guard pass.elapsed.seconds > mostSeconds else { return }
    reasons[work] =
      "takes \(Figure.duration(pass.elapsed.seconds)), more than \(Figure.duration(mostSeconds)): measured once"
  }

  /// Runs `body` if nothing has failed, and keeps the reason if it fails: `work`, or all, has no figures then.
  func attempt<Result>(_ work: Work? = nil, _ body: (any Competitor) throws -> Result) -> Result? {
    guard let competitor, reason == nil, work.flatMap({ reasons[$0] }) == nil else { return nil }
    do {
      return try body(competitor)
    } catch {
      if let work { reasons[work] = "\(error)" } else { reason = "\(error)" }
      return nil
    }
  }
}
