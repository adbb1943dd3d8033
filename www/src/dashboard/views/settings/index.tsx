// Settings: the project, its keys, and what is personal in it.

import { project } from '../../api';
import { Card, PageHead } from '../../components/page';
import { Snippet } from '../../components/snippet';
import { Shown } from '../../components/states';
import { useAnswer } from '../../use-answer';
import type { ViewProps } from '../../views';
import { EraseUser } from './erase-user';
import { Keys } from './keys';
import { ProjectForm } from './project-form';
import './settings.css';

export default function Settings({ ingestKey }: ViewProps) {
  const answer = useAnswer('project', project);
  return (
    <>
      <PageHead title="Settings" lead="The project, its keys, and its rules for personal data." />
      <Keys />
      <Card title="Project">
        <Shown answer={answer} shape="lines">
          {(data) => <ProjectForm project={data} onSaved={answer.again} />}
        </Shown>
      </Card>
      <EraseUser />
      <Snippet ingestKey={ingestKey} />
    </>
  );
}
