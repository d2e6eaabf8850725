import { Component } from 'react';
import type { ReactNode } from 'react';
import { notFetched } from '../format/not_fetched.ts';

interface Props {
  /** What stands here, in the message. */
  readonly what: string;
  readonly children: ReactNode;
}

/** Shows a message in place of a part that threw: the rest of the page and the program stay. */
export class Recovery extends Component<Props, { readonly error: string }> {
  override state = { error: '' };

  static getDerivedStateFromError(error: unknown): { error: string } {
    return { error: error instanceof Error ? error.message : String(error) };
  }

  override render(): ReactNode {
    if (this.state.error === '') return this.props.children;
    const missing = notFetched(`The ${this.props.what}`, this.state.error);
    if (missing !== '')
      return (
        <div className="empty" role="alert">
          <p>{missing}</p>
        </div>
      );
    return (
      <div className="empty" role="alert">
        <p>The {this.props.what} could not be drawn. This is a defect of Iterscope; your program is kept.</p>
        <p className="mono">{this.state.error}</p>
        <p>
          <button type="button" className="btn" onClick={() => this.setState({ error: '' })}>
            Draw it again
          </button>
        </p>
      </div>
    );
  }
}
